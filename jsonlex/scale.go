package jsonlex

import (
	"math/big"
	"math/bits"
)

// A float32 with a biased exponent is c × 2^(exponent-bias), with unit <= c < 2 × unit. The
// floats from leastExponent to mostExponent are written without a decimal exponent; of the
// next ones on either side only some are.
const (
	unit = 1 << 23
	bias = 127 + 23

	leastExponent = 127 - 19 // 2^-19 is about 2e-6
	mostExponent  = 127 + 68 // 2^69 is about 6e20
)

// scale turns the floats of one exponent into decimal numbers.
type scale struct {
	ten   int    // the greatest power of ten that is not above 2^(exponent-bias)
	times uint64 // 2^(exponent-bias) / 10^ten, from 1 up to 10, in units of 2^-60, rounded up

	digits int    // of the least number in units of 10^ten; the greatest has at most one more
	longer uint32 // the least number that has one more
}

// scales holds the scale of each exponent from leastExponent on.
var scales = newScales()

func newScales() (all [mostExponent - leastExponent + 1]scale) {
	ten := -13 // 10^-13 is below the first of them, 2^-42
	for i := range all {
		two := power(2, i+leastExponent-bias)
		for power(10, ten+1).Cmp(two) <= 0 {
			ten++
		}
		ratio := two.Quo(two, power(10, ten))
		ratio.Mul(ratio, power(2, 60))
		times := new(big.Int).Add(ratio.Num(), ratio.Denom())
		times.Sub(times, big.NewInt(1)).Quo(times, ratio.Denom())

		s := &all[i]
		s.ten, s.times, s.longer = ten, times.Uint64(), 1
		least, _ := bits.Mul64(unit<<4, s.times)
		for ; uint64(s.longer) <= least; s.longer *= 10 {
			s.digits++
		}
	}
	return all
}

// power returns base^exponent.
func power(base int64, exponent int) *big.Rat {
	p := new(big.Int).Exp(big.NewInt(base), big.NewInt(int64(max(exponent, -exponent))), nil)
	if exponent < 0 {
		return new(big.Rat).SetFrac(big.NewInt(1), p)
	}
	return new(big.Rat).SetInt(p)
}

// shortest returns the decimal number of units of 10^s.ten that reads back as c: the one
// with the fewest digits, zeros at its end left aside, and among those the nearest. The
// idea is that of Raffaello Giulietti, "The Schubfach way to render doubles" (2020), for
// floats whose neighbours are equally far away: those that are no powers of two.
//
// All numbers that read back as c lie between below and above, which are halfway to its
// neighbours and belong to them only if c is even. They are at least a unit apart, so the
// nearest whole number is always there, and less than ten, so at most one multiple of ten
// is, which then is the nearest one.
func (s *scale) shortest(c uint32) uint32 {
	hi, lo := bits.Mul64(uint64(c)<<6, s.times)
	halfHi, half := s.times>>59, s.times<<5
	lo1, borrow := bits.Sub64(lo, half, 0)
	lo2, carry := bits.Add64(lo, half, 0)
	odd := c & 1
	below, above := quarters(hi-halfHi-borrow, lo1)+odd, quarters(hi+halfHi+carry, lo2)-odd
	exact := quarters(hi, lo)

	number := exact / 4
	number += (exact&3 + number&1 + 1) / 4 // half of a unit goes to the even number
	short := (exact + 20) / 40
	if 40*short-below <= above-below { // what is below below wraps around and is too much
		number = 10 * short
	}
	return number
}

// quarters returns hi quarters of a unit, which become odd if there is a rest: what is even
// compares with the outcome as with the exact number. lo is that rest, in units of 2^-64,
// of which up to 2^31 are there only because times is rounded up.
func quarters(hi, lo uint64) uint32 {
	q := uint32(hi)
	if lo>>31 != 0 {
		q |= 1
	}
	return q
}
