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

// An account that failed so often in a row, through its own fault, rests for a while. Then one message tries it.
const (
	failuresToRest = 5
	restOf         = 30 * time.Second
)

// Accounts are several mail accounts, in order of preference. A message is sent by the first account that is not
// resting. The next account tries if this one fails before it took anything (connection, TLS, login, quota), or if it
// must not use the sender. An answer about the message or its recipient is final, and so is a missing answer to the
// whole message: no other account tries again. It is safe for concurrent use.
type Accounts struct{ list []*account }

type account struct {
	sender  *Sender
	breaker *gobreaker.TwoStepCircuitBreaker[struct{}]
	rested  atomic.Int64 // since when it rests, Unix nanoseconds
}

// trial is how long to wait while one message tries an account that rested.
const trial = 2 * time.Second

// comeBack is how long to wait for an account that rests.
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

// Send sends one message by the first account that can. If all rest, the error is temporary and says when to try
// again.
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
			done(nil) // it may still send for other senders
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
