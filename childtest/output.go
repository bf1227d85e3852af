package childtest

import (
	"bytes"
	"slices"
	"sync"
)

// Output is what a process has printed. It is safe for concurrent use, so that it can
// be looked at while the process runs.
type Output struct {
	mu   sync.Mutex
	text bytes.Buffer // guarded by mu
}

// Write implements io.Writer.
func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// Has reports whether one of the texts was printed.
func (o *Output) Has(texts ...string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.ContainsFunc(texts, func(text string) bool { return bytes.Contains(o.text.Bytes(), []byte(text)) })
}

// Reset forgets what was printed.
func (o *Output) Reset() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text.Reset()
}
