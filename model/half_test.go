package model

import (
	"math"
	"testing"
)

func TestEveryHalfSurvivesTheWayThroughFloat(t *testing.T) {
	for h := range 1 << 16 {
		f := HalfToFloat(uint16(h))
		if f != f {
			if got := FloatToHalf(f); HalfToFloat(got) == HalfToFloat(got) {
				t.Fatalf("%#04x is NaN, but comes back as %#04x", h, got)
			}
			continue
		}
		if got := FloatToHalf(f); got != uint16(h) {
			t.Fatalf("%#04x = %v comes back as %#04x", h, f, got)
		}
	}
}

func TestAFloatRoundsToTheNearestHalf(t *testing.T) {
	f := func(in float32, want uint16) {
		t.Helper()
		if got := FloatToHalf(in); got != want {
			t.Errorf("FloatToHalf(%v) = %#04x; want %#04x", in, got, want)
		}
	}
	f(1, 0x3c00)
	f(-2, 0xc000)
	f(65504, 0x7bff)
	f(65519.996, 0x7bff)
	f(65520, 0x7c00)
	f(float32(math.Inf(-1)), 0xfc00)
	f(1+0x1p-11, 0x3c00)         // a tie goes to the even one below
	f(1+3*0x1p-11, 0x3c02)       // and to the even one above
	f(1+0x1p-11+0x1p-20, 0x3c01) // past the tie
	f(0x1p-24, 0x0001)           // the smallest subnormal
	f(0x1p-25, 0x0000)           // half of it: a tie
	f(0x1p-25+0x1p-40, 0x0001)   // past the tie
	f(0x1p-14-0x1p-26, 0x0400)   // rounds up to the smallest normal
	f(float32(math.Copysign(0, -1)), 0x8000)
}
