package floor

import (
	"os"
	"os/signal"

	"github.com/spf13/cobra"
)

// Command is the floors as commands of the program that starts them.
func Command(name string) *cobra.Command {
	c := &cobra.Command{
		Use: name, Short: "Be one of the floors (the bench starts them itself)", Hidden: true,
		PersistentPreRun: func(*cobra.Command, []string) { signal.Reset() }, // a floor ends at once when it is told to
	}
	c.AddCommand(replyCommand(), servePassCommand(), passCommand(), readCommand())
	return c
}

func replyCommand() *cobra.Command {
	var address, reply string
	c := &cobra.Command{Use: "reply", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		return ServeReply(address, reply)
	}}
	serverFlags(c, &address, &reply)
	return c
}

func servePassCommand() *cobra.Command {
	var address, reply string
	var p PassConfig
	c := &cobra.Command{Use: "serve-pass", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		return ServePass(address, reply, p)
	}}
	serverFlags(c, &address, &reply)
	passFlags(c, &p)
	return c
}

func passCommand() *cobra.Command {
	var p PassConfig
	c := &cobra.Command{Use: "pass", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		return LoopPass(p, os.Stdin, os.Stdout)
	}}
	passFlags(c, &p)
	return c
}

func readCommand() *cobra.Command {
	var r ReadConfig
	c := &cobra.Command{Use: "read", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		return LoopRead(r, os.Stdin, os.Stdout)
	}}
	c.Flags().StringVar(&r.Address, "redis", "", "address of the server, host:port")
	c.Flags().StringVar(&r.Prefix, "prefix", "rankgate:item_stats:", "of a key, before the number of the item")
	c.Flags().IntVar(&r.Rows, "rows", 200, "rows of an MGET")
	return c
}

func serverFlags(c *cobra.Command, address, reply *string) {
	c.Flags().StringVar(address, "address", "127.0.0.1:0", "to listen on, host:port")
	c.Flags().StringVar(reply, "reply", "", "file with the reply")
}

func passFlags(c *cobra.Command, p *PassConfig) {
	f := c.Flags()
	f.StringVar(&p.Library, "library", "", "of ONNX Runtime")
	f.StringVar(&p.Model, "model", "", "file of the graph")
	f.StringVar(&p.Input, "input", "dense", "of the graph, float32 [rows, width]")
	f.StringVar(&p.Output, "output", "logits", "of the graph, a float32 for each row")
	f.IntVar(&p.Width, "width", 64, "of the input")
	f.IntVar(&p.Rows, "rows", 200, "of a pass")
	f.IntVar(&p.Threads, "threads", 1, "of a pass")
}
