package floor

import (
	"net"
	"os"

	"github.com/valyala/fasthttp"
)

// ServeReply answers every request to address with the content of a file, once the
// request's body has been read.
func ServeReply(address, file string) error {
	reply, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return serve(address, func(ctx *fasthttp.RequestCtx) { answer(ctx, reply) })
}

// ServePass does the same, and a forward pass before it.
func ServePass(address, file string, p PassConfig) error {
	reply, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	idle, err := newPasses(p)
	if err != nil {
		return err
	}
	return serve(address, func(ctx *fasthttp.RequestCtx) {
		pass := <-idle
		err := pass.run()
		idle <- pass
		if err != nil {
			ctx.Error(err.Error(), fasthttp.StatusInternalServerError)
			return
		}
		answer(ctx, reply)
	})
}

func serve(address string, handler fasthttp.RequestHandler) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	return (&fasthttp.Server{Handler: handler, NoDefaultServerHeader: true, NoDefaultDate: true}).Serve(listener)
}

// answer is called when fasthttp has read the whole request, body included.
func answer(ctx *fasthttp.RequestCtx, reply []byte) {
	ctx.SetContentType("application/json")
	ctx.SetBody(reply)
}
