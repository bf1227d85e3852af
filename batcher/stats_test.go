package batcher

import (
	"reflect"
	"testing"
)

func TestPlusAddsEveryCounter(t *testing.T) {
	var a, b, want Stats
	number := uint64(0)
	fill := func(i int) {
		number++
		for s, n := range map[*Stats]uint64{&a: number, &b: 1000 * number, &want: 1001 * number} {
			setCounter(t, reflect.ValueOf(s).Elem().Field(i), n)
		}
	}
	for i := range reflect.TypeFor[Stats]().NumField() {
		fill(i)
	}
	if got := a.Plus(b); got != want {
		t.Errorf("%+v; want %+v", got, want)
	}
	if got := a.Plus(Stats{}); got != a {
		t.Errorf("with nothing added: %+v; want %+v", got, a)
	}
}

// setCounter makes a field n, or of an array each element n more than the one before.
func setCounter(t *testing.T, field reflect.Value, n uint64) {
	t.Helper()
	switch field.Kind() {
	case reflect.Uint64:
		field.SetUint(n)
	case reflect.Int:
		field.SetInt(int64(n))
	case reflect.Array:
		for i := range field.Len() {
			setCounter(t, field.Index(i), n*uint64(i+1))
		}
	default:
		t.Fatalf("a counter of type %s", field.Type())
	}
}
