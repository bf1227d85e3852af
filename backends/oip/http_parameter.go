package oip

import (
	"errors"
	"math"
	"strconv"
	"time"
)

// errSequence refuses a call of a sequence, all of whose calls have to reach the same
// server.
var errSequence = errors.New("parameters.sequence_id: sequences of requests are not served, each may go to another server")

// errSharedMemory refuses a tensor that lies in the memory of another machine;
// sharedMemory begins the names of the parameters that say so.
var errSharedMemory = errors.New("tensors in shared memory can't be passed on to another machine")

const (
	parametersField = "parameters"

	sharedMemory     = "shared_memory"
	binaryData       = "binary_data"        // of an output that is asked for
	binaryDataSize   = "binary_data_size"   // of a tensor
	binaryDataOutput = "binary_data_output" // of a request
)

// parameter is a member of some "parameters".
type parameter struct {
	d    *decoder
	name string
}

// parameters takes an object of parameters. What known does not take goes to others.
func (d *decoder) parameters(known func(*parameter) bool, others *[]Parameter) {
	if !d.open('{', "an object of parameters") {
		return
	}
	p := parameter{d: d}
	for first := true; d.More(first, '}'); first = false {
		p.name = d.Key()
		if !d.Failed() && !known(&p) {
			p.appendTo(others)
		}
	}
}

func (p *parameter) ofRequest(r *Request) bool {
	switch p.name {
	case "priority":
		r.Priority = p.uint()
	case "timeout":
		r.Timeout = microseconds(p.uint())
	case binaryDataOutput:
		r.BinaryOutputs = p.bool()
	case "sequence_id":
		p.noSequence()
	case "sequence_start", "sequence_end":
		p.d.skip(0) // without an id they say nothing
	default:
		return false
	}
	return true
}

// noSequence takes the id of no sequence.
func (p *parameter) noSequence() {
	switch c := p.d.Token(); c {
	case '"':
		if p.d.String("") == "" {
			return
		}
	default:
		if p.uint() == 0 {
			return
		}
	}
	p.d.Fail("%v", errSequence)
}

// microseconds returns n µs, or the most that a duration holds.
func microseconds(n uint64) time.Duration {
	return time.Duration(min(n, math.MaxInt64/1000)) * time.Microsecond
}

func (p *parameter) uint() uint64 {
	text, integer := p.d.Number()
	n, err := strconv.ParseUint(text, 10, 64)
	if !integer || err != nil {
		p.d.Fail("parameters.%s: must be an integer of 0 or more", clip(p.name))
	}
	return n
}

func (p *parameter) bool() bool {
	if p.d.Token() == 't' {
		return p.d.Literal("true")
	}
	p.d.Literal("false")
	return false
}

func (p *parameter) appendTo(others *[]Parameter) {
	var value any
	switch c := p.d.Token(); {
	case c == 'n':
		p.d.Null()
		return
	case c == '"':
		value = p.d.String("")
	case c == 't' || c == 'f':
		value = p.bool()
	case c == '-' || c-'0' <= 9:
		value = p.number()
	default:
		p.d.Fail("parameters.%s: must be a bool, a number or a string", clip(p.name))
		return
	}
	*others = append(*others, Parameter{Name: p.name, Value: value})
}

func (p *parameter) number() any {
	text, integer := p.d.Number()
	if integer {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n
		}
		if n, err := strconv.ParseUint(text, 10, 64); err == nil {
			return n
		}
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		p.d.Fail("parameters.%s: %s: no float64", clip(p.name), clip(text))
	}
	return f
}
