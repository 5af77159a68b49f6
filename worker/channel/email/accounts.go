package email

import (
	"context"
	"errors"
	"fmt"
	"sync"
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
	breaker atomic.Pointer[gobreaker.TwoStepCircuitBreaker[struct{}]]
	rested  atomic.Int64               // since when it rests, Unix nanoseconds
	last    atomic.Pointer[send.Error] // its last trouble
}

// rouse gives the account a breaker that lets messages through.
func (a *account) rouse() {
	a.breaker.Store(gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Timeout:     restOf,
		ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= failuresToRest },
		OnStateChange: func(_ string, _, to gobreaker.State) {
			if to == gobreaker.StateOpen {
				a.rested.Store(time.Now().UnixNano())
			}
		},
	}))
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
		acc.rouse()
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
		done, err := acc.breaker.Load().Allow()
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
		e.Where = acc.sender.where
		if e.Sender {
			done(nil) // it may still send for other senders
		} else {
			acc.last.Store(e)
			done(e)
		}
		last = e
	}
	if last == nil {
		last = a.resting(soonest)
	}
	return send.Receipt{}, last
}

// resting is the error when all accounts rest: it tells the trouble of the preferred one.
func (a *Accounts) resting(soonest time.Duration) *send.Error {
	e := &send.Error{Account: true, Code: "smtp_accounts_rest", RetryAfter: soonest, Where: a.list[0].sender.where, Err: errors.New("every account failed lately")}
	if last := a.list[0].last.Load(); last != nil {
		e.Unreached, e.Err = last.Unreached, fmt.Errorf("every account failed lately: %w", last)
	}
	return e
}

// Probe reports whether a message could be sent now: nil if one of the accounts can be logged in to. That ends the rest of
// one that could not be reached. The error is a *send.Error.
func (a *Accounts) Probe(ctx context.Context) error {
	var first *send.Error
	soonest := restOf
	for _, acc := range a.list {
		resting := acc.breaker.Load().State() == gobreaker.StateOpen
		if last := acc.last.Load(); resting && last != nil && !last.Unreached {
			soonest = min(soonest, acc.comeBack(nil)) // to log in would prove nothing
			continue
		}
		e := send.AsError(acc.sender.Probe(ctx))
		if e == nil {
			if resting {
				acc.rouse()
			}
			return nil
		}
		if first == nil {
			first = e
			first.Where = acc.sender.where
		}
	}
	if first == nil {
		first = a.resting(soonest)
	}
	return first
}

// Close closes every account.
func (a *Accounts) Close() error {
	var all sync.WaitGroup
	errs := make([]error, len(a.list))
	for i, acc := range a.list {
		all.Go(func() { errs[i] = acc.sender.Close() })
	}
	all.Wait()
	return errors.Join(errs...)
}
