package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// chunksAPage bounds how many chunks of about 200 recipients one page reads.
const chunksAPage = 100

func (s *Server) registerResults(api huma.API) {
	const tag = "Bulks"
	Handle(api, ScopeRead, huma.Operation{
		OperationID: "list-recipients", Method: http.MethodGet, Path: "/v1/bulks/{id}/recipients", Tags: []string{tag}, Summary: "What became of everyone",
		Description: "Pages in the order of the audience, one item for each recipient and channel. A page may hold few items, or none, and still have a next one.",
		Errors:      []int{http.StatusNotFound},
	}, s.listRecipients)
	Handle(api, ScopeRead, huma.Operation{
		OperationID: "export-recipients", Method: http.MethodGet, Path: "/v1/bulks/{id}/recipients.csv", Tags: []string{tag}, Summary: "The states of all messages, as CSV",
		Description: "Recipient, channel, state, code, reason, time and more, then what came back: feedback, its time, source and words. Cells that a spreadsheet would take for a formula begin with an apostrophe.",
		Errors:      []int{http.StatusNotFound},
		Responses: map[string]*huma.Response{"200": {
			Description: "The whole list.", Content: map[string]*huma.MediaType{"text/csv": {Schema: &huma.Schema{Type: huma.TypeString}}},
		}},
	}, s.exportRecipients)
}

// StateInput asks for messages of a bulk.
type StateInput struct {
	IDInput
	State    string `query:"state" enum:"pending,sent,done,failed,suppressed,skipped,unknown" doc:"Those in this state alone."`
	Feedback string `query:"feedback" enum:"unconfirmed,delivered,bounced_soft,bounced_hard,opted_out,unsubscribed,complained" doc:"Those alone about which this came back; unconfirmed: that were sent, and nothing came back."`
}

// has reports whether a result is wanted. It turns claimed into pending, as the counts do.
func (in *StateInput) has(r *bulk.Result) bool {
	if r.State == ledger.Claimed {
		r.State = ledger.Pending
	}
	if in.Feedback != "" && (r.State != ledger.Sent || r.Feedback.State.String() != in.Feedback) {
		return false
	}
	return in.State == "" || r.State.String() == in.State
}

type listRecipientsInput struct {
	StateInput
	To     string `query:"to" maxLength:"100" doc:"Those alone whose address holds this, in upper or lower case."`
	Cursor string `query:"cursor" maxLength:"100" doc:"The next of the page before."`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

// wants reports whether a result belongs on the page.
func (in *listRecipientsInput) wants(r *bulk.Result) bool {
	return in.has(r) && strings.Contains(strings.ToLower(r.To), strings.ToLower(in.To))
}

// RecipientState is the state of one message of a bulk.
type RecipientState struct {
	ID      string     `json:"id" doc:"Of the message."`
	To      string     `json:"to"`
	Channel string     `json:"channel"`
	State   string     `json:"state" enum:"pending,sent,done,failed,suppressed,skipped,unknown"`
	At      *time.Time `json:"at,omitempty"`
	Reason  *Reason    `json:"reason,omitempty"`
	Waiting *Waiting   `json:"waiting,omitempty" doc:"Why it is pending; missing once it is settled."`
	SentDetails
	Feedback *MessageFeedback `json:"feedback,omitempty" doc:"What came back after it was sent; missing where nothing did."`
}

// RecipientPage is a page of states.
type RecipientPage struct {
	Items []RecipientState `json:"items" nullable:"false"`
	Next  string           `json:"next,omitempty" doc:"The cursor of what follows; missing at the end."`
}

type recipientPageOutput struct{ Body RecipientPage }

func (s *Server) listRecipients(ctx context.Context, in *listRecipientsInput) (*recipientPageOutput, error) {
	b, err := s.storedBulk(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	chunk, slot, err := parsePlace(in.Cursor)
	if err != nil {
		return nil, err
	}
	page, by := RecipientPage{Items: []RecipientState{}}, callerOf(ctx)
	for looked := 0; chunk < b.Chunks; chunk, slot = chunk+1, 0 {
		if looked++; looked > chunksAPage {
			break
		}
		results, err := s.Client.Bulks().ChunkResults(ctx, b, chunk)
		if err != nil {
			return nil, err
		}
		for ; slot < len(results) && len(page.Items) < in.Limit; slot++ {
			if r := results[slot]; in.wants(&r) {
				page.Items = append(page.Items, recipientState(by, r))
			}
		}
		if slot < len(results) {
			break
		}
	}
	if chunk < b.Chunks {
		page.Next = fmt.Sprintf("%d.%d", chunk, slot)
	}
	return &recipientPageOutput{page}, nil
}

// storedBulk reads a bulk, or bulk.ErrNotFound.
func (s *Server) storedBulk(ctx context.Context, id string) (bulk.Bulk, error) {
	if task.CheckID(id) != nil {
		return bulk.Bulk{}, bulk.ErrNotFound
	}
	return s.Client.Bulks().Bulk(ctx, id)
}

// parsePlace reads a cursor: a chunk and a slot in it.
func parsePlace(cursor string) (chunk, slot int, err error) {
	if cursor == "" {
		return 0, 0, nil
	}
	if n, err := fmt.Sscanf(cursor, "%d.%d", &chunk, &slot); err != nil || n != 2 || chunk < 0 || slot < 0 {
		return 0, 0, badParameter("cursor", "not a cursor of this list")
	}
	return chunk, slot, nil
}

func recipientState(by caller, r bulk.Result) RecipientState {
	return RecipientState{
		ID: by.shown(r.ID), To: r.To, Channel: string(r.Channel), State: r.State.String(), At: someTime(r.At), Reason: reasonOf(r.Reason),
		Waiting: waitingOf(r.Waiting), SentDetails: detailsOf(r.Details), Feedback: feedbackOf(r.Feedback),
	}
}

type exportRecipientsInput struct{ StateInput }

// exportRecipients streams. An error after the beginning ends the connection, so that nobody takes half a list for a
// whole one.
func (s *Server) exportRecipients(ctx context.Context, in *exportRecipientsInput) (*huma.StreamResponse, error) {
	if _, err := s.storedBulk(ctx, in.ID); err != nil {
		return nil, err
	}
	name := callerOf(ctx).shown(in.ID)
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		r, w := humago.Unwrap(hc)
		w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		w.Header().Set("Content-Disposition", `attachment; filename="`+name+`.csv"`)
		if err := s.writeResults(r.Context(), streamTo(w), &in.StateInput); err != nil {
			if r.Context().Err() == nil { // else its reader left
				s.Log.Error("export broke off", "bulk", in.ID, "error", err)
			}
			breakOff()
		}
	}}, nil
}

func (s *Server) writeResults(ctx context.Context, w io.Writer, in *StateInput) error {
	out, err := bulk.NewResultWriter(w)
	if err != nil {
		return err
	}
	for r, err := range s.Client.Bulks().Results(ctx, in.ID) {
		if err != nil {
			return err
		}
		if !in.has(&r) {
			continue
		}
		if err := out.Write(r); err != nil {
			return err
		}
	}
	return out.Flush()
}

func (s *Server) registerBulkEvents(api huma.API) {
	Handle(api, ScopeRead, huma.Operation{
		OperationID: "follow-bulk", Method: http.MethodGet, Path: "/v1/bulks/{id}/events", Tags: []string{"Bulks"}, Summary: "Follow a bulk",
		Description: "Server-sent events: one named status with the bulk's account at once and whenever it changes, at most two a second. The stream ends when the bulk is over. One that breaks off before, because the server stops, ends without the end that HTTP gives: curl then exits with 18, and an EventSource connects again.",
		Errors:      []int{http.StatusNotFound},
		Responses: map[string]*huma.Response{"200": {
			Description: "Events, each with a BulkStatus as its data.", Content: map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}}},
		}},
	}, s.followBulk)
}

// keepAlive is how long a stream may be silent.
const keepAlive = 15 * time.Second

func (s *Server) followBulk(ctx context.Context, in *IDInput) (*huma.StreamResponse, error) {
	by := callerOf(ctx)
	first, err := s.bulkStatus(ctx, by, in.ID)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		r, w := humago.Unwrap(hc)
		w.Header().Set("Content-Type", "text/event-stream")
		shared, done := s.follower.follow(in.ID)
		defer done()
		ask := func(ctx context.Context) (BulkStatus, error) {
			status, err := s.follower.status(ctx, in.ID, shared)
			status.ID = by.shown(in.ID)
			return status, err
		}
		if !s.writeEvents(r.Context(), streamTo(w), first, ask) {
			breakOff()
		}
	}}, nil
}

// writeEvents writes the status, and what ask says later, until the bulk is over, the reader goes or the server stops. It
// reports whether the bulk is over.
func (s *Server) writeEvents(ctx context.Context, w *pacedWriter, status BulkStatus, ask func(context.Context) (BulkStatus, error)) (over bool) {
	write := func(format string, args ...any) bool {
		_, err := fmt.Fprintf(w, format, args...)
		return err == nil && w.Flush() == nil
	}
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	var said []byte
	spoke := time.Now()
	for {
		data, err := json.Marshal(status)
		if err != nil {
			return false
		}
		switch {
		case string(data) != string(said):
			if !write("event: status\ndata: %s\n\n", data) {
				return false
			}
			said, spoke = data, time.Now()
		case time.Since(spoke) >= keepAlive:
			if !write(": still here\n\n") {
				return false
			}
			spoke = time.Now()
		}
		if bulk.State(status.State).Over() {
			return true
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return false
		case <-s.draining.Done():
			return false
		}
		// While Redis doesn't answer there is nothing new to say.
		if now, err := ask(ctx); err == nil {
			status = now
		}
	}
}
