package model

import "math"

// HalfToFloat converts IEEE 754 binary16 bits to the float32 of the same value.
func HalfToFloat(h uint16) float32 {
	sign := uint32(h>>15) << 31
	exponent, fraction := uint32(h>>10)&0x1f, uint32(h)&0x3ff
	switch exponent {
	case 0: // zero or subnormal: fraction × 2⁻²⁴
		f := float32(fraction) * 0x1p-24
		return math.Float32frombits(sign | math.Float32bits(f))
	case 0x1f: // infinity or NaN
		return math.Float32frombits(sign | 0x7f800000 | fraction<<13)
	default:
		return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
	}
}

// FloatToHalf rounds f to the nearest binary16, ties to even; what is too
// large becomes an infinity.
func FloatToHalf(f float32) uint16 {
	bits := math.Float32bits(f)
	sign := uint16(bits>>16) & 0x8000
	magnitude := bits & 0x7fffffff
	switch {
	case magnitude > 0x7f800000: // NaN, kept quiet
		return sign | 0x7e00
	case magnitude >= 0x477ff000: // 65520 and above rounds to infinity
		return sign | 0x7c00
	case magnitude < 0x38800000: // subnormal or zero: round in units of 2⁻²⁴
		return sign | uint16(math.RoundToEven(float64(math.Float32frombits(magnitude))*0x1p24))
	default:
		rounded := magnitude + 0xfff + magnitude>>13&1
		return sign | uint16(rounded>>13-(127-15)<<10)
	}
}
