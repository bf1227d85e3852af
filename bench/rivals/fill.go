package rivals

import (
	"context"
	"encoding/binary"
	"math"
	"strconv"

	"github.com/redis/rueidis"

	"github.com/rankgate/rankgate/bench/rivals/contract"
	"github.com/rankgate/rankgate/bench/workload"
)

// Fill stores the rows of the first users and items of all workloads, where rivals
// look for them.
func Fill(ctx context.Context, cfg *Config, users, items int) error {
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{cfg.Redis}, ForceSingleClient: true, DisableCache: true})
	if err != nil {
		return err
	}
	defer client.Close()
	if err := fill(ctx, client, workload.User, contract.UserPrefix, users, cfg.UserWidth); err != nil {
		return err
	}
	return fill(ctx, client, workload.Item, contract.ItemPrefix, items, cfg.Width-cfg.UserWidth)
}

const rowsAtOnce = 1000 // by a command

func fill(ctx context.Context, client rueidis.Client, kind workload.Kind, prefix string, count, width int) error {
	row := make([]float32, width)
	for first := 0; first < count; first += rowsAtOnce {
		command := client.B().Arbitrary("MSET")
		for id := first; id < min(first+rowsAtOnce, count); id++ {
			workload.Vector(kind, id, row)
			command = command.Args(prefix+strconv.Itoa(id), valueOf(row))
		}
		if err := client.Do(ctx, command.Build()).Error(); err != nil {
			return err
		}
	}
	return nil
}

// valueOf is a row as Redis has it.
func valueOf(row []float32) string {
	value := make([]byte, 0, 4*len(row))
	for _, x := range row {
		value = binary.LittleEndian.AppendUint32(value, math.Float32bits(x))
	}
	return string(value)
}
