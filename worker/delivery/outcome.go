package delivery

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// maxAttempts is how often a message is attempted before a temporary failure counts as a permanent one: with the pauses
// of Backoff that is most of a day.
const maxAttempts = 30

// The pauses between attempts double from the first to the longest.
const (
	firstPause   = 5 * time.Second
	LongestPause = time.Hour
)

// AccountPause is the pause after trouble that is the account's or the server's: everyone else would meet it too.
const AccountPause = 15 * time.Second

// Outcome is what one attempt came to: a final state with its reason, or another attempt.
type Outcome struct {
	State  ledger.State
	Reason ledger.Reason
	Again  *queue.Again // when set, the message stays pending
	// Suppress is the reason code with which the recipient goes onto the suppression list, "" when they don't.
	Suppress string
}

func failed(code, text string) *Outcome {
	return &Outcome{State: ledger.Failed, Reason: ledger.Reason{Code: code, Text: text}}
}

// tryAgain keeps a message pending, or gives up when it was attempted often enough.
func tryAgain(code, text string, attempt int, after time.Duration) *Outcome {
	if attempt+1 >= maxAttempts {
		return failed(code, text)
	}
	return &Outcome{
		Reason: ledger.Reason{Code: code, Text: text},
		Again:  &queue.Again{After: max(Backoff(attempt), min(after, LongestPause)), Counts: true, Reason: code},
	}
}

// interrupted keeps a message pending for a cause that has nothing to do with it: it counts for nobody, and the others of
// its chunk are not attempted now either.
func interrupted(code string, after time.Duration) *Outcome {
	return &Outcome{
		Reason: ledger.Reason{Code: code},
		Again:  &queue.Again{After: after, Reason: code},
	}
}

// Backoff is the pause after an attempt: it doubles, up to LongestPause, less a random part of up to a quarter, so that
// what failed together isn't attempted together.
func Backoff(attempt int) time.Duration {
	pause := LongestPause
	if attempt < 20 {
		pause = min(LongestPause, firstPause<<attempt)
	}
	return pause - rand.N(pause/4)
}

// Merge makes of two pauses one that suits both: trouble that is everyone's wins, then the longer pause. The first may be
// nil.
func Merge(a, b *queue.Again) *queue.Again {
	switch {
	case a == nil:
		return b
	case a.Counts != b.Counts && !a.Counts:
		return a
	case a.Counts != b.Counts:
		return b
	case a.After >= b.After:
		return a
	default:
		return b
	}
}

// OfVerdict is the outcome of a message that compose has a verdict over.
func OfVerdict(v *compose.Verdict) *Outcome {
	return &Outcome{State: v.State, Reason: ledger.Reason{Code: v.Code, Text: v.Text}}
}

// OfTrouble says what an error of compose means: a verdict is final, anything else waits.
func OfTrouble(ctx context.Context, err error) *Outcome {
	var verdict *compose.Verdict
	var trouble *compose.Trouble
	switch {
	case errors.As(err, &verdict):
		return OfVerdict(verdict)
	case ctx.Err() != nil:
		return interrupted("stopped", 0)
	case !errors.As(err, &trouble):
		return interrupted("content_unreadable", queue.InterruptedPause)
	case trouble.Setting:
		return interrupted(trouble.Code, AccountPause)
	default:
		return interrupted(trouble.Code, queue.InterruptedPause)
	}
}

// outcomeOfSend says what an error of a sender means.
//
//	permanent                      failed, with the other side's words
//	permanent, suppress            and never written to again
//	ambiguous, policy "hold"       unknown: a person decides
//	ambiguous, policy "resend"     again, under the same message id
//	temporary, the account's fault again for the whole chunk; counts for nobody
//	temporary                      again, with growing pauses, until maxAttempts
func outcomeOfSend(e *send.Error, c message.Channel, policy task.Policy, attempt int) *Outcome {
	text := e.Reply
	if text == "" {
		text = e.Error()
	}
	switch {
	case e.Permanent && e.Suppress:
		out := failed(e.Code, text)
		out.Suppress = c.Spec().Refused
		return out
	case e.Permanent:
		return failed(e.Code, text)
	case e.Ambiguous && policy == task.Hold:
		return &Outcome{State: ledger.Unknown, Reason: ledger.Reason{Code: e.Code, Text: text}}
	case !e.Ambiguous && e.Account:
		pause := AccountPause
		if e.RetryAfter > 0 {
			pause = min(e.RetryAfter, LongestPause)
		}
		out := interrupted(e.Code, pause)
		out.Reason.Text, out.Again.Detail = text, e.Error()
		return out
	default:
		return tryAgain(e.Code, text, attempt, e.RetryAfter)
	}
}
