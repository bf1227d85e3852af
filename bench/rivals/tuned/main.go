// Command tuned is the strongest ranking service that can be made by hand without a
// score cache and without batches over requests: fasthttp, sonic into pooled memory,
// rueidis with its pipelines and without its cache, one ONNX Runtime session of one
// thread for each core with everything bound beforehand, scores sorted as integers,
// and an encoder of its own.
package main

import (
	"log"
	"runtime"
	"runtime/debug"

	"github.com/redis/rueidis"
	"github.com/valyala/fasthttp"

	"github.com/rankgate/rankgate/bench/rivals/contract"
)

// gcPercent lets the heap grow to five times what is live, which is little: pooled
// buffers. Requests cost a tenth less than with the default of 100.
const gcPercent = 400

func main() {
	flags, err := contract.ParseFlags()
	if err != nil {
		log.Fatal(err)
	}
	debug.SetGCPercent(gcPercent)
	if err := serve(flags); err != nil {
		log.Fatal(err)
	}
}

func serve(flags *contract.Flags) error {
	client, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress:       []string{flags.Redis},
		ForceSingleClient: true,
		DisableCache:      true,
		DisableRetry:      true,
		AlwaysPipelining:  true,
	})
	if err != nil {
		return err
	}
	model, err := contract.OpenModel(flags.Model, flags.Input, flags.Output)
	if err != nil {
		return err
	}
	s := &service{client: client, passes: make(chan *pass, runtime.GOMAXPROCS(0))}
	for range cap(s.passes) {
		p, err := newPass(model, flags)
		if err != nil {
			return err
		}
		s.passes <- p
	}
	server := &fasthttp.Server{Handler: s.handle, NoDefaultServerHeader: true, NoDefaultDate: true, DisableHeaderNamesNormalizing: true}
	return server.ListenAndServe(flags.Listen)
}
