package email

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/message"
)

// An account that failed for itself this often in a row rests for a while; then one message tries it.
const (
	failuresToRest = 5
	restOf         = 30 * time.Second
)

// Accounts are several ways out, in order of preference. A message goes by the first account that is not resting; where
// the account itself fails (connection, TLS, login, quota) before it took anything, or doesn't let the sender use it, the next one
// tries. An answer about
// the message or its recipient, or a missing answer to the whole message, is final: no other account repeats it. It is
// safe for concurrent use.
type Accounts struct{ list []*account }

type account struct {
	sender  *Sender
	breaker *gobreaker.TwoStepCircuitBreaker[struct{}]
	rested  atomic.Int64 // since when it rests, Unix nanoseconds
}

// trial is how long to wait while one message tries an account that rested.
const trial = 2 * time.Second

// comeBack is how long to wait for an account whose breaker refused.
func (a *account) comeBack(refused error) time.Duration {
	if errors.Is(refused, gobreaker.ErrTooManyRequests) {
		return trial
	}
	return max(trial, restOf-time.Since(time.Unix(0, a.rested.Load())))
}

// NewAccounts opens one Sender for each Options.
func NewAccounts(options ...Options) (*Accounts, error) {
	if len(options) == 0 {
		return nil, errors.New("email: no account")
	}
	a := &Accounts{}
	for _, o := range options {
		s, err := New(o)
		if err != nil {
			_ = a.Close()
			return nil, err
		}
		acc := &account{sender: s}
		acc.breaker = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
			Timeout:     restOf,
			ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= failuresToRest },
			OnStateChange: func(_ string, _, to gobreaker.State) {
				if to == gobreaker.StateOpen {
					acc.rested.Store(time.Now().UnixNano())
				}
			},
		})
		a.list = append(a.list, acc)
	}
	return a, nil
}

// Send hands one message over by the first account that can. Where all rest, the error is temporary and says when to
// come back.
func (a *Accounts) Send(ctx context.Context, m *message.Message) (send.Receipt, error) {
	var last *send.Error
	soonest := restOf
	for _, acc := range a.list {
		done, err := acc.breaker.Allow()
		if err != nil {
			soonest = min(soonest, acc.comeBack(err))
			continue // resting
		}
		receipt, err := acc.sender.Send(ctx, m)
		e := send.AsError(err)
		if e == nil || !e.Temporary() || !e.Account {
			done(nil)
			return receipt, err
		}
		if aboutSender(e) {
			done(nil) // another's message may go this way
		} else {
			done(e)
		}
		last = e
	}
	if last == nil {
		last = &send.Error{Account: true, Code: "smtp_accounts_rest", RetryAfter: soonest, Err: errors.New("every account failed lately")}
	}
	return send.Receipt{}, last
}

// Close closes every account.
func (a *Accounts) Close() error {
	var errs []error
	for _, acc := range a.list {
		errs = append(errs, acc.sender.Close())
	}
	return errors.Join(errs...)
}
