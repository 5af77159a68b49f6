package api

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/store/ledger"
)

func (s *Server) registerBulkControl(api huma.API) {
	const gone, conflict = http.StatusNotFound, http.StatusConflict
	add := func(id, method, path, summary, description string, status int, errs ...int) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Tags: []string{"Bulks"}, Summary: summary, Description: description, DefaultStatus: status, Errors: errs}
	}
	Handle(api, ScopeSend, add("start-bulk", http.MethodPost, "/v1/bulks/{id}/start", "Start a bulk",
		"At once, or at its sendAt. With plan, the hash that storing its audience returned, it starts only if that is what was stored.",
		http.StatusAccepted, gone, conflict), s.startBulk)
	Handle(api, ScopeApprove, add("approve-bulk", http.MethodPost, "/v1/bulks/{id}/approve", "Approve a bulk",
		"In the name of the token: that of another person than who made the bulk, with the same owner or with admin. With plan, the hash that a dry run printed or that storing the audience returned, it approves only that. "+
			"A bulk that was started without the approvals that it needs (HERALD_APPROVE) is paused: resume it then. Approving twice is harmless.",
		0, gone, conflict), s.approveBulk)
	Handle(api, ScopeSend, add("pause-bulk", http.MethodPost, "/v1/bulks/{id}/pause", "Pause a bulk within a second",
		"Messages in flight finish, all others stay pending.", http.StatusAccepted, gone, conflict), s.steer(s.Client.PauseBulk))
	Handle(api, ScopeSend, add("resume-bulk", http.MethodPost, "/v1/bulks/{id}/resume", "Let a paused bulk go on",
		"Also one that paused by itself.", http.StatusAccepted, gone, conflict), s.steer(s.Client.ResumeBulk))
	Handle(api, ScopeSend, add("cancel-bulk", http.MethodPost, "/v1/bulks/{id}/cancel", "End a bulk for good",
		"Messages in flight finish, all others are skipped.", http.StatusAccepted, gone, conflict), s.steer(s.Client.CancelBulk))
	Handle(api, ScopeSend, add("reschedule-bulk", http.MethodPatch, "/v1/bulks/{id}", "Begin a bulk at another time",
		"Of a bulk that has not begun, whether it was started or not. A time that has passed is now. Recipients' local times (sendAtLocal) can't be changed.",
		0, gone, conflict), s.rescheduleBulk)
	Handle(api, ScopeSend, add("delete-bulk", http.MethodDelete, "/v1/bulks/{id}", "Delete a bulk",
		"With its audience and all that is known of its messages: one that has not begun, or one that is over and whose events are published. Its id is free then.",
		http.StatusNoContent, gone, conflict), s.deleteBulk)
	Handle(api, ScopeSend, add("set-bulk-rate", http.MethodPatch, "/v1/bulks/{id}/rate", "Change the rate of a bulk", "Within a second.", 0, gone), s.setBulkRate)
	Handle(api, ScopeSend, add("resend-bulk", http.MethodPost, "/v1/bulks/{id}/resend", "Send to those again who got nothing",
		"Makes a bulk's messages in one state pending, and sends them under the same ids.", http.StatusAccepted, gone, conflict), s.resendBulk)
	Handle(api, ScopeSend, add("resolve-bulk", http.MethodPost, "/v1/bulks/{id}/resolve", "Settle a bulk's messages in state unknown",
		"Says what a person found out about all messages of which nobody knew whether they arrived. Their events follow, and another one of the bulk's end. For one of them: POST /v1/messages/{id}/resolve.",
		0, gone, conflict), s.resolveBulk)
}

type startBulkInput struct {
	IDInput
	Plan string `query:"plan" pattern:"^[0-9a-f]{64}$" doc:"The hash of what is to be sent."`
}

func (s *Server) startBulk(ctx context.Context, in *startBulkInput) (*BulkStatusOutput, error) {
	return s.steer(func(ctx context.Context, id string) error {
		if in.Plan == "" {
			return s.Client.StartBulk(ctx, id)
		}
		return s.Client.StartPlanned(ctx, id, in.Plan)
	})(ctx, &in.IDInput)
}

func (s *Server) approveBulk(ctx context.Context, in *startBulkInput) (*BulkStatusOutput, error) {
	by := callerOf(ctx)
	return s.steer(func(ctx context.Context, id string) error {
		_, err := s.Client.Bulks().Approve(ctx, id, by.person(), in.Plan)
		return err
	})(ctx, &in.IDInput)
}

type rescheduleBulkInput struct {
	IDInput
	Body RescheduleBody
}

func (s *Server) rescheduleBulk(ctx context.Context, in *rescheduleBulkInput) (*BulkStatusOutput, error) {
	return s.steer(func(ctx context.Context, id string) error {
		return s.Client.RescheduleBulk(ctx, id, in.Body.SendAt)
	})(ctx, &in.IDInput)
}

func (s *Server) deleteBulk(ctx context.Context, in *IDInput) (*struct{}, error) {
	return nil, s.Client.DeleteBulk(ctx, in.ID)
}

type resendBulkInput struct {
	IDInput
	Body struct {
		From string `json:"from" enum:"failed,skipped,suppressed,unknown" doc:"The state of those who get it again."`
	}
}

// Resent is how many messages of a bulk are sent again, and the progress of the bulk.
type Resent struct {
	Resent int        `json:"resent"`
	Bulk   BulkStatus `json:"bulk"`
}

type resentOutput struct{ Body Resent }

func (s *Server) resendBulk(ctx context.Context, in *resendBulkInput) (*resentOutput, error) {
	from, err := ledger.ParseState(in.Body.From)
	if err != nil {
		return nil, err
	}
	n, err := s.Client.ResendBulk(ctx, in.ID, from)
	if err != nil {
		return nil, err
	}
	status, err := s.bulkStatus(ctx, callerOf(ctx), in.ID)
	return &resentOutput{Resent{n, status}}, err
}

type listBulksInput struct {
	Cursor string    `query:"cursor" maxLength:"300" doc:"The next of the page before."`
	Limit  int       `query:"limit" minimum:"1" maximum:"100" default:"20"`
	State  string    `query:"state" enum:"loading,ready,scheduled,running,completed,paused,cancelled" doc:"Those in this state alone."`
	Since  time.Time `query:"createdSince" doc:"Created at this time or later."`
	Before time.Time `query:"createdBefore" doc:"Created before this time."`
	Topic  string    `query:"topic" maxLength:"40" doc:"Those that were given this topic alone."`
	Tag    string    `query:"tag" maxLength:"64" doc:"Those with this tag alone."`
}

type bulkListOutput struct {
	Body struct {
		Items []BulkStatus `json:"items" nullable:"false"`
		// Unreadable are bulks whose data in Redis was damaged.
		Unreadable []string `json:"unreadable,omitempty" doc:"Ids of bulks whose data in Redis can't be read."`
		Next       string   `json:"next,omitempty" doc:"The cursor of what follows; missing at the end."`
	}
}

// bulksAtOnce is how many bulks of a list are read at the same time: one after the other, a hundred take seconds where Redis is
// far away or busy.
const bulksAtOnce = 10

// statuses returns what reads the status of the i-th of a list. Asked for one, it reads those after it, too.
func (s *Server) statuses(ctx context.Context, by caller, listed []bulk.Listed) func(i int) (BulkStatus, error) {
	type answer struct {
		status BulkStatus
		err    error
	}
	var read []answer
	return func(i int) (BulkStatus, error) {
		if i == len(read) {
			next := listed[i:min(i+bulksAtOnce, len(listed))]
			answers := make([]answer, len(next))
			var all sync.WaitGroup
			for j, l := range next {
				all.Go(func() { answers[j].status, answers[j].err = s.bulkStatus(ctx, by, l.ID) })
			}
			all.Wait()
			read = append(read, answers...)
		}
		return read[i].status, read[i].err
	}
}

// bulksAPage bounds how many bulks one page reads, where a state is asked for.
const bulksAPage = 300

func (s *Server) listBulks(ctx context.Context, in *listBulksInput) (*bulkListOutput, error) {
	by := callerOf(ctx)
	r := bulk.Range{Owner: by.listOwner(), Since: in.Since, Before: in.Before, Topic: in.Topic, Tag: in.Tag, Most: in.Limit}
	if in.State != "" {
		r.Most = bulksAPage
	}
	if in.Cursor != "" {
		at, id, err := parseCursor(in.Cursor)
		if err != nil || id == "" {
			return nil, badParameter("cursor", "not a cursor of this list")
		}
		r.After = bulk.Listed{ID: id, CreatedAt: time.UnixMilli(at).UTC()}
	}
	listed, err := s.Client.Bulks().Page(ctx, r)
	if err != nil {
		return nil, err
	}
	out := &bulkListOutput{}
	out.Body.Items = []BulkStatus{}
	read := s.statuses(ctx, by, listed)
	for i, l := range listed {
		status, err := read(i)
		switch {
		case errors.Is(err, bulk.ErrNotFound): // its retention ended at this very moment
		case bulk.IsUnreadable(err):
			out.Body.Unreadable = append(out.Body.Unreadable, by.shown(l.ID))
		case err != nil:
			return nil, err
		case in.State == "" || in.State == status.State:
			out.Body.Items = append(out.Body.Items, status)
		}
		if full := len(out.Body.Items) == in.Limit; full && i < len(listed)-1 || i == r.Most-1 {
			out.Body.Next = cursor(l.CreatedAt.UnixMilli(), l.ID)
			break
		}
	}
	return out, nil
}
