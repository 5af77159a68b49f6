package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// ratesKey is a hash: version, how often rates were set or taken back; at, when that was, in Unix seconds; rates, as JSON, while they
// are set. It has no end.
const ratesKey = "herald:{fleet}:rates"

// Agreed are the rates that somebody set for all workers, in place of their own settings.
type Agreed struct {
	Set     bool               // false: each worker brings its own, and the lowest hold
	Version int64              // 0: nobody ever set any
	At      time.Time          // when they were set or taken back
	Rates   map[string]float64 // messages a second, by channel or sender
}

// ErrChanged says that rates are not those of the version that was to be replaced.
var ErrChanged = errors.New("somebody else has changed the rates meanwhile")

// setRatesScript replaces the rates.
//
// KEYS: rates. ARGV: the version to replace or "", the rates as JSON or "" to take them back, the time in Unix seconds.
// Returns the new version, or -1 if that is not the version.
var setRatesScript = redis.NewScript(`
if ARGV[1] ~= '' and ARGV[1] ~= (redis.call('HGET', KEYS[1], 'version') or '0') then return -1 end
if ARGV[2] == '' then redis.call('HDEL', KEYS[1], 'rates') else redis.call('HSET', KEYS[1], 'rates', ARGV[2]) end
redis.call('HSET', KEYS[1], 'at', ARGV[3])
return redis.call('HINCRBY', KEYS[1], 'version', 1)
`)

// SetRates sets the rates for all workers, or with nil takes them back. replaces is the version that they replace, or negative for
// any; if it is another one, the error is ErrChanged.
func (s *Store) SetRates(ctx context.Context, rates map[string]float64, replaces int64) error {
	text, of := "", ""
	if rates != nil {
		data, err := json.Marshal(rates)
		if err != nil {
			return fmt.Errorf("set rates: %w", err)
		}
		text = string(data)
	}
	if replaces >= 0 {
		of = strconv.FormatInt(replaces, 10)
	}
	version, err := setRatesScript.Run(ctx, s.rdb, []string{ratesKey}, of, text, time.Now().Unix()).Int64()
	if err != nil {
		return fmt.Errorf("set rates: %w", err)
	}
	if version < 0 {
		return ErrChanged
	}
	return nil
}

// Rates are those that were set for all workers.
func (s *Store) Rates(ctx context.Context) (Agreed, error) {
	fields, err := s.rdb.HGetAll(ctx, ratesKey).Result()
	if err != nil {
		return Agreed{}, fmt.Errorf("ask for rates: %w", err)
	}
	if len(fields) == 0 {
		return Agreed{}, nil
	}
	var a Agreed
	a.Version, err = strconv.ParseInt(fields["version"], 10, 64)
	if err != nil {
		return Agreed{}, fmt.Errorf("%s: version is %.20q", ratesKey, fields["version"])
	}
	if at, err := strconv.ParseInt(fields["at"], 10, 64); err == nil {
		a.At = time.Unix(at, 0).UTC()
	}
	text, set := fields["rates"]
	if a.Set = set; set {
		if err := json.Unmarshal([]byte(text), &a.Rates); err != nil {
			return Agreed{}, fmt.Errorf("%s: rates: %w", ratesKey, err)
		}
	}
	return a, nil
}
