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

// maxAttempts is how often a message is attempted before a temporary failure counts as permanent. With the pauses of
// Backoff that takes most of a day.
const maxAttempts = 30

// The pauses between attempts double from the first to the longest.
const (
	firstPause   = 5 * time.Second
	LongestPause = time.Hour
)

// AccountPause is the pause after trouble of the account or the server: every other message would meet it too.
const AccountPause = 15 * time.Second

// Outcome is the result of one attempt: a final state with its reason, or another attempt.
type Outcome struct {
	State  ledger.State
	Reason ledger.Reason
	Again  *queue.Again // when set, the message stays pending
	// Suppress is the reason code under which the recipient is put on the suppression list; "": the recipient is not.
	Suppress string
	Proof    ledger.Proof // of what was sent
}

func failed(code, text string) *Outcome {
	return &Outcome{State: ledger.Failed, Reason: ledger.Reason{Code: code, Text: text}}
}

// tryAgain keeps a message pending, or gives it up after maxAttempts.
func tryAgain(code, text string, attempt int, after time.Duration) *Outcome {
	if attempt+1 >= maxAttempts {
		return failed(code, text)
	}
	return &Outcome{
		Reason: ledger.Reason{Code: code, Text: text},
		Again:  &queue.Again{After: max(Backoff(attempt), min(after, LongestPause)), Counts: true, Reason: code},
	}
}

// interrupted keeps a message pending for a cause that lies outside of it. The attempt is not counted, and the other
// messages of the chunk wait as well.
func interrupted(code string, after time.Duration) *Outcome {
	return &Outcome{
		Reason: ledger.Reason{Code: code},
		Again:  &queue.Again{After: after, Reason: code},
	}
}

// Backoff is the pause after an attempt. It doubles, up to LongestPause, less a random part of up to a quarter, so
// that messages that failed together are not attempted together.
func Backoff(attempt int) time.Duration {
	pause := LongestPause
	if attempt < 20 {
		pause = min(LongestPause, firstPause<<attempt)
	}
	return pause - rand.N(pause/4)
}

// Merge chooses the pause that suits both: one that is not counted wins, then the longer one. a may be nil.
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

// OfVerdict is the outcome of a message over which compose has a verdict.
func OfVerdict(v *compose.Verdict) *Outcome {
	return &Outcome{State: v.State, Reason: ledger.Reason{Code: v.Code, Text: v.Text}}
}

// OfTrouble is the outcome of an error of compose: a verdict is final, after anything else the message waits.
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
