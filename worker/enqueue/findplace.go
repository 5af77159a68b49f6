package enqueue

import (
	"cmp"
	"encoding/base64"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// findPlace is a place among all that may be found: a message or forward, or a slot of a bulk. At the same time bulks come
// after the others.
type findPlace struct {
	ledger.Indexed
	chunk, slot int // of a bulk
}

func (p findPlace) String() string {
	text := strings.Join([]string{strconv.FormatInt(p.At.UnixMilli(), 36), string(p.Kind), p.ID, strconv.Itoa(p.chunk), strconv.Itoa(p.slot)}, ",")
	return base64.RawURLEncoding.EncodeToString([]byte(text))
}

func parseFindPlace(cursor string) (p findPlace, err error) {
	data, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return p, err
	}
	parts := strings.Split(string(data), ",")
	if len(parts) != 5 {
		return p, errors.New("not a place")
	}
	ms, err1 := strconv.ParseInt(parts[0], 36, 64)
	chunk, err2 := strconv.Atoi(parts[3])
	slot, err3 := strconv.Atoi(parts[4])
	p = findPlace{ledger.Indexed{Owner: ledger.Owner{Kind: ledger.Kind(parts[1]), ID: parts[2]}, At: time.UnixMilli(ms).UTC()}, chunk, slot}
	known := slices.Contains([]ledger.Kind{ledger.Message, ledger.Forward, ledger.Bulk}, p.Kind)
	if err := cmp.Or(err1, err2, err3); err != nil || !known || ms <= 0 || chunk < 0 || task.CheckID(p.ID) != nil {
		return p, errors.New("not a place")
	}
	return p, nil
}
