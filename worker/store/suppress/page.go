package suppress

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/heraldsend/herald/worker/message"
)

// ErrCursor says that a cursor does not come from Page.
var ErrCursor = errors.New("not a cursor of this list")

// Page returns about as many of a channel's entries as asked for, and the cursor of those that follow: "" at the end.
// The cursor "" begins. What List promises about entries that change meanwhile holds here too.
func (s *Store) Page(ctx context.Context, c message.Channel, cursor string, about int) (entries []Entry, next string, err error) {
	shard, at, err := parseCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	if err := s.migrate(ctx, c); err != nil {
		return nil, "", err
	}
	for len(entries) < about && shard < shards {
		var found []string
		found, at, err = s.rdb.HScan(ctx, shardKey(c, shard), at, "", int64(about-len(entries))).Result()
		if err != nil {
			return nil, "", fmt.Errorf("list the suppressions: %w", err)
		}
		for i := 0; i+1 < len(found); i += 2 {
			entries = append(entries, decode(found[i], found[i+1]))
		}
		if at == 0 {
			shard++
		}
	}
	if shard == shards {
		return entries, "", nil
	}
	return entries, strconv.Itoa(shard) + "-" + strconv.FormatUint(at, 10), nil
}

func parseCursor(cursor string) (shard int, at uint64, err error) {
	if cursor == "" {
		return 0, 0, nil
	}
	left, right, ok := strings.Cut(cursor, "-")
	if !ok {
		return 0, 0, ErrCursor
	}
	if shard, err = strconv.Atoi(left); err != nil || shard < 0 || shard >= shards {
		return 0, 0, ErrCursor
	}
	if at, err = strconv.ParseUint(right, 10, 64); err != nil {
		return 0, 0, ErrCursor
	}
	return shard, at, nil
}
