package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/redis/go-redis/v9"

	"github.com/rankgate/rankgate/bench/rivals/contract"
)

// features reads rows from Redis.
type features struct {
	client    *redis.Client
	width     int // floats of a row of the model
	userWidth int // of which the first are the user's
}

// fetch returns a row of the model for each item, one after the other: the user's
// floats, then the item's.
func (f *features) fetch(ctx context.Context, user string, items []string) ([]float32, error) {
	keys := make([]string, 0, 1+len(items))
	keys = append(keys, contract.UserPrefix+user)
	for _, id := range items {
		keys = append(keys, contract.ItemPrefix+id)
	}
	values, err := f.client.MGet(ctx, keys...).Result()
	if err != nil {
		return nil, err
	}
	rows := make([]float32, len(items)*f.width)
	for i := range items {
		row := rows[i*f.width:][:f.width]
		if err := decode(row[:f.userWidth], values[0]); err != nil {
			return nil, fmt.Errorf("%s: %w", keys[0], err)
		}
		if err := decode(row[f.userWidth:], values[1+i]); err != nil {
			return nil, fmt.Errorf("%s: %w", keys[1+i], err)
		}
	}
	return rows, nil
}

// decode reads a value of MGET into row, which stays as it is if there is no value.
func decode(row []float32, value any) error {
	text, ok := value.(string)
	if !ok {
		return nil
	}
	if len(text) != 4*len(row) {
		return fmt.Errorf("the value has %d bytes; %d floats need %d", len(text), len(row), 4*len(row))
	}
	data := []byte(text)
	for i := range row {
		row[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return nil
}
