package bulk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A bulk may need approvals: by so many persons, none of whom made it. Its definition, its templates and its audience can't
// change any more when it is approved, so an approval is of exactly what is sent; whoever gives the plan of a dry run approves
// that and nothing else. Workers enforce it: a bulk that lacks approvals pauses when it is started.

// Approval says who approved a bulk.
type Approval struct {
	By string    `json:"by"`
	At time.Time `json:"at"`
}

// The reasons not to approve a bulk.
var (
	ErrOwnBulk    = errors.New("was made by whoever approves it: another person has to")
	ErrNoAudience = errors.New("its audience is not complete: load it first")
)

const (
	fieldApproval = "approval:" // and by whom: when, in Unix milliseconds
	fieldNeeds    = "needs"     // how many approvals it needs; written when it paused for lack of them
)

// Lacks is how many approvals are missing, if bulks of more than so many messages need so many.
func (b Bulk) Lacks(need, above int) int {
	if need <= 0 || b.Planned <= above || b.Control == Cancelled {
		return 0
	}
	return max(0, need-len(b.Approvals))
}

// Approve approves a stored bulk in the name of a person; doing it again changes nothing. plan is the hash of what the person
// looked at, "" for what is stored. The error is ErrPlan, ErrOwnBulk, ErrNoAudience, ErrCancelled or ErrNotFound.
func (s *Store) Approve(ctx context.Context, id, by, plan string) (Bulk, error) {
	b, err := s.Bulk(ctx, id)
	switch {
	case err != nil:
		return b, err
	case b.Chunks == 0:
		return b, fmt.Errorf("bulk %s: %w", id, ErrNoAudience)
	case b.Control == Cancelled:
		return b, fmt.Errorf("bulk %s %w", id, ErrCancelled)
	case b.CreatedBy == by:
		return b, fmt.Errorf("bulk %s %w", id, ErrOwnBulk)
	case plan != "" && b.Plan != plan:
		return b, fmt.Errorf("%w: it is %.12s… now, not %.12s…", ErrPlan, b.Plan, plan)
	}
	if err := s.rdb.HSetNX(ctx, metaKey(id), fieldApproval+by, time.Now().UnixMilli()).Err(); err != nil {
		return b, fmt.Errorf("approve bulk %s: %w", id, err)
	}
	return s.Bulk(ctx, id)
}

// PauseUnapproved pauses a bulk that needs so many approvals and has fewer.
func (s *Store) PauseUnapproved(ctx context.Context, id string, need int) error {
	if err := s.rdb.HSet(ctx, metaKey(id), fieldControl, string(Paused), fieldNeeds, need).Err(); err != nil {
		return fmt.Errorf("pause bulk %s: %w", id, err)
	}
	return nil
}

// readApprovals reads what the meta hash says about approvals.
func (b *Bulk) readApprovals(fields map[string]string) error {
	for name, value := range fields {
		by, ok := strings.CutPrefix(name, fieldApproval)
		if !ok {
			continue
		}
		at, err := unixMilli(value)
		if err != nil {
			return err
		}
		b.Approvals = append(b.Approvals, Approval{by, at})
	}
	slices.SortFunc(b.Approvals, func(x, y Approval) int { return x.At.Compare(y.At) })
	if text := fields[fieldNeeds]; text != "" {
		var err error
		if b.Needs, err = strconv.Atoi(text); err != nil {
			return err
		}
	}
	return nil
}
