package contract

import (
	"errors"
	"flag"
	"fmt"
)

// Flags are what a rival is told on its command line.
type Flags struct {
	Listen    string // address to serve on
	Redis     string // address of the feature store
	Model     string // path of the ONNX file
	Input     string // of its graph; "" means the first
	Output    string // of its graph; "" means the first
	Width     int    // floats of a row of the model
	UserWidth int    // of which the first are the user's
}

// ParseFlags reads the command line of this process.
func ParseFlags() (*Flags, error) {
	f := &Flags{}
	flag.StringVar(&f.Listen, "listen", "", "address to serve on")
	flag.StringVar(&f.Redis, "redis", "", "address of the feature store")
	flag.StringVar(&f.Model, "model", "", "path of the ONNX file")
	flag.StringVar(&f.Input, "input", "", "input of its graph (default: the first)")
	flag.StringVar(&f.Output, "output", "", "output of its graph (default: the first)")
	flag.IntVar(&f.Width, "width", 0, "floats of a row of the model")
	flag.IntVar(&f.UserWidth, "user-width", 0, "of which the first are the user's")
	flag.Parse()
	if f.Listen == "" || f.Redis == "" || f.Model == "" {
		return nil, errors.New("-listen, -redis and -model are required")
	}
	if f.UserWidth < 0 || f.Width <= f.UserWidth {
		return nil, fmt.Errorf("-user-width %d: must be from 0 to less than -width, which is %d", f.UserWidth, f.Width)
	}
	return f, nil
}

// ItemWidth is the floats of an item's part of a row.
func (f *Flags) ItemWidth() int { return f.Width - f.UserWidth }
