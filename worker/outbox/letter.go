package outbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/heraldsend/herald/worker/store/dead"
	"github.com/heraldsend/herald/worker/task"
)

// letter is the payload of a dead letter.
type letter struct {
	Stream   string `json:"stream"`
	Sequence int64  `json:"sequence"`
	Event    Event  `json:"event"`
}

// LetterKind is the kind of the dead letters that Letter makes.
var LetterKind = task.EventDeliver{}.Kind()

// Letter makes a dead letter of an event that is given up.
func Letter(e Event, reason string, attempts int, at time.Time) (dead.Letter, error) {
	payload, err := json.Marshal(letter{e.Stream, e.Sequence, e})
	if err != nil {
		return dead.Letter{}, fmt.Errorf("event %s: %w", e.ID, err)
	}
	return dead.Letter{ID: e.ID, Kind: LetterKind, Payload: payload, Reason: reason, Owner: e.Stream, Attempts: attempts, At: at}, nil
}

// ErrOtherLetter says that a dead letter holds no event.
var ErrOtherLetter = errors.New("this dead letter is no event")

// FromLetter is the reverse of Letter: PutBack takes what it returns.
func FromLetter(l dead.Letter) (Event, error) {
	var p letter
	if err := json.Unmarshal(l.Payload, &p); err != nil || l.Kind != LetterKind || p.Event.ID == "" {
		return Event{}, fmt.Errorf("%.100q: %w", l.ID, ErrOtherLetter)
	}
	p.Event.Stream, p.Event.Sequence = p.Stream, p.Sequence
	return p.Event, nil
}
