package jsonlex

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestOnlyVeryLargeAndVerySmallFloatsHaveAnExponent(t *testing.T) {
	for f, want := range map[float32]string{
		0: "0", -0.5: "-0.5", 0.1: "0.1", 123.25: "123.25", 16777218: "16777218",
		1.1e-6: "0.0000011", 9e-7: "9e-07", 1e20: "100000000000000000000", 1.5e21: "1.5e+21",
		float32(math.Inf(1)): "null", float32(math.Inf(-1)): "null", float32(math.NaN()): "null",
	} {
		if got := string(AppendFloat(nil, f)); got != want {
			t.Errorf("AppendFloat(%g) = %s; want %s", f, got, want)
		}
	}
}

// floats compares with strconv and keeps its memory from one float to the next.
type floats struct{ got, want []byte }

func (f *floats) check(t *testing.T, word uint32) {
	t.Helper()
	v := math.Float32frombits(word)
	f.got, f.want = AppendFloat(f.got[:0], v), appendRare(f.want[:0], v)
	if string(f.got) != string(f.want) {
		t.Fatalf("%#08x: %s; want %s", word, f.got, f.want)
	}
}

func TestFloatsHaveTheDigitsOfStrconv(t *testing.T) {
	var f floats
	random := rand.New(rand.NewPCG(1, 2))
	fractions := []uint32{0, unit - 1}
	for bit := range 23 {
		fractions = append(fractions, 1<<bit, 1<<bit-1, unit-1<<bit)
	}
	for range 2000 {
		fractions = append(fractions, random.Uint32N(unit))
	}
	for head := range uint32(1 << 9) { // every sign and exponent
		for _, fraction := range fractions {
			f.check(t, head<<23|fraction)
		}
	}
}

func TestFloatsNextToRoundNumbersHaveTheDigitsOfStrconv(t *testing.T) {
	var f floats
	for ten := -46; ten <= 38; ten++ {
		for factor := range 100 {
			near := math.Float32bits(float32(float64(factor) * math.Pow10(ten)))
			for word := near - min(near, 8); word <= near+8; word++ {
				f.check(t, word)
			}
		}
	}
	for whole := range 1 << 17 {
		f.check(t, math.Float32bits(float32(whole)))
		f.check(t, math.Float32bits(-float32(whole)/1000))
	}
}

func TestFloatsFollowWhatIsThereAlready(t *testing.T) {
	for _, room := range []int{0, 1, mostBytes - 1, mostBytes, 100} {
		dst := append(make([]byte, 0, len("score ")+room), "score "...)
		if got := string(AppendFloat(dst, -1234.5)); got != "score -1234.5" {
			t.Errorf("%q in %d free bytes; want %q", got, room, "score -1234.5")
		}
	}
}

func FuzzFloats(f *testing.F) {
	for _, seed := range []float32{0, 0.1, 1, 1e-6, 1e21, math.MaxFloat32, 16777218, 0.99999994} {
		f.Add(math.Float32bits(seed))
	}
	f.Fuzz(func(t *testing.T, word uint32) { new(floats).check(t, word) })
}

// BenchmarkAppendFloat writes scores as they come in an answer: from the highest down.
func BenchmarkAppendFloat(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	scores := make([]float32, 1<<10)
	for i := range scores {
		scores[i] = float32(random.NormFloat64())
	}
	slices.Sort(scores)
	slices.Reverse(scores)
	f := func(name string, appendFloat func(dst []byte, f float32) []byte) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var dst []byte
			for i := 0; b.Loop(); i++ {
				dst = appendFloat(dst[:0], scores[i%len(scores)])
			}
		})
	}
	f("here", AppendFloat)
	f("strconv", appendRare)
}
