package fleet

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// safeKey is a hash that says since when and why the fleet is in safe mode; it has no end.
const safeKey = "herald:{fleet}:safe"

// SafeMode is the code of what waits in safe mode.
const SafeMode = "safe_mode"

// Why a fleet is in safe mode.
const (
	OldData      = "old_data"      // the last that a worker wrote is old: a backup was started, or all workers died long ago
	LostTooMuch  = "lost_too_much" // Redis lost more than what the workers remember
	WorkerIsGone = "worker_gone"   // Redis lost writes while a worker was gone, and nobody knows what that one had sent
)

// Safe says that the fleet is in safe mode: Redis may have forgotten what was sent, and nothing is sent before an operator
// says from when. The zero value says that it is not.
type Safe struct {
	Since    time.Time // what happened after this may be forgotten; zero if that is not known
	Found    time.Time
	Why      string // OldData, LostTooMuch or WorkerIsGone
	OnlyHold bool   // what is sent under "resend" goes on
}

// On reports whether the fleet is in safe mode.
func (s Safe) On() bool { return s.Why != "" }

// Words says it to an operator.
func (s Safe) Words() string {
	if !s.On() {
		return ""
	}
	since := "for an unknown time"
	if !s.Since.IsZero() {
		since = "since " + s.Since.Format(time.RFC3339)
	}
	what := "nothing is sent"
	if s.OnlyHold {
		what = "nothing is sent under the policy hold"
	}
	why := map[string]string{
		OldData:      "the data in Redis are old: a backup was started, or all workers died together. What happened " + since + " is not in them",
		LostTooMuch:  "Redis lost more than the workers remember. What happened " + since + " is forgotten",
		WorkerIsGone: "Redis lost writes while a worker was gone. What that worker sent " + since + " may be forgotten",
	}[s.Why]
	return "safe mode: " + why + "; " + what + " before an operator says from when: herald resume --from TIME"
}

// Safe asks whether the fleet is in safe mode.
func (s *Store) Safe(ctx context.Context) (Safe, error) {
	fields, err := s.rdb.HGetAll(ctx, safeKey).Result()
	if err != nil {
		return Safe{}, fmt.Errorf("ask for safe mode: %w", err)
	}
	safe := Safe{Why: fields["why"], OnlyHold: fields["only"] == "hold"}
	for name, at := range map[string]*time.Time{"since": &safe.Since, "found": &safe.Found} {
		if fields[name] == "" {
			continue
		}
		second, err := strconv.ParseInt(fields[name], 10, 64)
		if err != nil {
			return Safe{}, errors.New("ask for safe mode: its time can't be read")
		}
		*at = time.Unix(second, 0).UTC()
	}
	return safe, nil
}

// EnterSafe puts the fleet into safe mode. One that is wider stays.
func (s *Store) EnterSafe(ctx context.Context, safe Safe) error {
	now, err := s.Safe(ctx)
	if err != nil || now.On() && !now.OnlyHold {
		return err
	}
	only := ""
	if safe.OnlyHold {
		only = "hold"
	}
	fields := []any{"found", safe.Found.Unix(), "why", safe.Why, "only", only}
	if !safe.Since.IsZero() {
		fields = append(fields, "since", safe.Since.Unix())
	}
	if err := s.rdb.HSet(ctx, safeKey, fields...).Err(); err != nil {
		return fmt.Errorf("enter safe mode: %w", err)
	}
	return nil
}

// LeaveSafe ends safe mode.
func (s *Store) LeaveSafe(ctx context.Context) error {
	if err := s.rdb.Del(ctx, safeKey).Err(); err != nil {
		return fmt.Errorf("leave safe mode: %w", err)
	}
	return nil
}
