package oip

import (
	"bytes"
	"encoding/binary"
	"testing"
)

func FuzzTexts(f *testing.F) {
	f.Add([]byte{1, 0, 0, 0, 'x', 0, 0, 0, 0})
	f.Add([]byte{255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, raw []byte) {
		texts, err := AppendTexts(nil, raw)
		var again []byte
		for _, text := range texts {
			again = append(binary.LittleEndian.AppendUint32(again, uint32(len(text))), text...)
		}
		if err == nil && !bytes.Equal(again, raw) || err != nil && !bytes.HasPrefix(raw, again) {
			t.Errorf("%q became %q, %v", raw, texts, err)
		}
	})
}
