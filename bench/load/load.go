// Package load sends requests to servers and notes what became of each. Its open loop
// sends them when they are due, whatever has become of those before, and counts what they
// took from then; its closed loop shows what can be served.
package load

import vegeta "github.com/tsenart/vegeta/v12/lib"

// Load makes requests and judges what they are answered with. Both are called from
// many goroutines.
type Load interface {
	// Request fills in the n-th request. The method is POST.
	Request(n int, target *vegeta.Target)

	// Judge fills in what the answer tells: everything but the times.
	Judge(answer *vegeta.Result, into *Sample)
}
