package app

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/erase"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/store/suppress"
)

// eraseKeys are the secrets of hashed addresses, the first one hashes.
func (s *Settings) eraseKeys() []string {
	return strings.FieldsFunc(s.EraseKeys, func(r rune) bool { return r == ',' || r == ' ' })
}

// NewSuppressions opens the suppression lists.
func (s *Settings) NewSuppressions(rdb redis.UniversalClient, log *slog.Logger) (*suppress.Store, error) {
	topics, err := s.topics()
	if err != nil {
		return nil, err
	}
	return suppress.New(suppress.Options{Redis: rdb, Country: s.Country, Keys: s.eraseKeys(), Topics: topics, Log: log})
}

// newEraser makes what erases people.
func (s *Settings) newEraser(rdb redis.UniversalClient, list *suppress.Store, log *slog.Logger, open *stack) (*erase.Eraser, error) {
	books, err := ledger.New(ledger.Options{Redis: rdb, Log: log, Retention: s.Retention})
	if err != nil {
		return nil, err
	}
	open.add(books.Close)
	return erase.New(erase.Options{Redis: rdb, Ledger: books, Suppressions: list, Country: s.Country, Log: log})
}

// Erase removes a person from everything that is stored; see package erase.
func Erase(ctx context.Context, s *Settings, log *slog.Logger, address string, block bool) (_ erase.Report, err error) {
	var open stack
	defer func() {
		if closed := open.Close(); err == nil {
			err = closed
		}
	}()
	rdb, err := ConnectRedis(ctx, s)
	if err != nil {
		return erase.Report{}, err
	}
	open.add(rdb.Close)
	list, err := s.NewSuppressions(rdb, log)
	if err != nil {
		return erase.Report{}, err
	}
	eraser, err := s.newEraser(rdb, list, log, &open)
	if err != nil {
		return erase.Report{}, err
	}
	return eraser.Run(ctx, address, block)
}

// RewriteAOF asks every master to write its append-only file anew: until then the file holds what was erased.
func RewriteAOF(ctx context.Context, s *Settings) (err error) {
	rdb, err := ConnectRedis(ctx, s)
	if err != nil {
		return err
	}
	defer func() {
		if closed := rdb.Close(); err == nil {
			err = closed
		}
	}()
	one := func(ctx context.Context, node *redis.Client) error { return node.BgRewriteAOF(ctx).Err() }
	switch rdb := rdb.(type) {
	case *redis.ClusterClient:
		err = rdb.ForEachMaster(ctx, one)
	case *redis.Client:
		err = one(ctx, rdb)
	}
	if err != nil && !strings.Contains(err.Error(), "already in progress") && !strings.Contains(err.Error(), "scheduled") {
		return fmt.Errorf("rewrite the append-only file: %w", err)
	}
	return nil
}
