// Command plain is the ranking service that a good engineer writes in an afternoon:
// net/http, encoding/json, go-redis and ONNX Runtime, each used as its own
// documentation shows. It has no tricks and no mistakes.
package main

import (
	"log"
	"net/http"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rankgate/rankgate/bench/rivals/contract"
)

func main() {
	flags, err := contract.ParseFlags()
	if err != nil {
		log.Fatal(err)
	}
	if err := serve(flags); err != nil {
		log.Fatal(err)
	}
}

func serve(flags *contract.Flags) error {
	model, err := contract.OpenModel(flags.Model, flags.Input, flags.Output)
	if err != nil {
		return err
	}
	scorer, err := model.NewScorer()
	if err != nil {
		return err
	}
	s := &service{
		features: &features{
			client:    redis.NewClient(&redis.Options{Addr: flags.Redis}),
			width:     flags.Width,
			userWidth: flags.UserWidth,
		},
		scorer: scorer,
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("POST /rank", s.rank)
	server := &http.Server{Addr: flags.Listen, Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	return server.ListenAndServe()
}
