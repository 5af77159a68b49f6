package api

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/task"
)

// badRowsShown is how many bad rows an answer lists.
const badRowsShown = 100

func (s *Server) registerAudience(api huma.API) {
	Handle(api, ScopeSend, huma.Operation{
		OperationID: "put-recipients", Method: http.MethodPut, Path: "/v1/bulks/{id}/recipients", Tags: []string{"Bulks"}, Summary: "Store a bulk's audience",
		Description: "Reads the audience while it comes: CSV or one JSON object a line, perhaps packed by gzip or Zstandard. If it breaks off or has a bad row, nothing is stored, and it can be sent again.",
		RequestBody: binary("The audience, of any size.", "application/x-ndjson", "text/csv"),
		Errors:      []int{http.StatusNotFound, http.StatusConflict},
	}, s.putRecipients)
}

type putRecipientsInput struct {
	Stream
	IDInput
	OnBadRow string `query:"onBadRow" enum:"fail,skip" default:"fail" doc:"Whether a row that can't be read refuses the audience, or is left out."`
	Plan     bool   `query:"plan" doc:"Stores the hash of what is to be sent, and returns it: starting with it starts nothing else."`
}

// Audience is the result of storing an audience.
type Audience struct {
	Recipients int     `json:"recipients"`
	Skipped    int     `json:"skipped" doc:"Rows that were left out."`
	Errors     []Fault `json:"errors,omitempty" doc:"What is wrong with the first of them."`
	Plan       string  `json:"plan,omitempty" doc:"The hash of definition and audience, where it was asked for."`
}

type storedAudienceOutput struct{ Body Audience }

func (s *Server) putRecipients(ctx context.Context, in *putRecipientsInput) (*storedAudienceOutput, error) {
	if task.CheckID(in.ID) != nil {
		return nil, bulk.ErrNotFound
	}
	if err := checkMediaType(in.request, "application/x-ndjson", "text/csv", "application/gzip", "application/zstd", "application/octet-stream"); err != nil {
		return nil, err
	}
	b, err := s.Client.Bulks().Bulk(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if b.Chunks > 0 {
		return nil, bulk.ErrSealed
	}
	var out Audience
	o := enqueue.BulkOptions{}
	if in.OnBadRow == "skip" {
		o.OnBadRow = func(row *bulk.RowError) error {
			if out.Skipped++; len(out.Errors) < badRowsShown {
				out.Errors = append(out.Errors, badRow(row)...)
			}
			return nil
		}
	}
	if in.Plan {
		if o.Plan, err = bulk.NewPlan(b.Definition); err != nil {
			return nil, err
		}
	}
	body := in.body()
	audience, err := bulk.OpenAudience(body, audienceName(in.request), b.Channels()...)
	if err != nil {
		err = unfit{err}
	} else {
		if s.FieldKind != nil {
			audience.Types(s.FieldKind)
		}
		out.Recipients, err = s.Client.LoadBulk(ctx, in.ID, fit(audience.All()), o)
	}
	// The answer may take as long as any other.
	_ = http.NewResponseController(in.writer).SetWriteDeadline(time.Now().Add(maxRequest))
	if err != nil {
		return nil, audienceProblem(err, body)
	}
	if o.Plan != nil {
		out.Plan = o.Plan.Sum()
	}
	return &storedAudienceOutput{out}, nil
}

// audienceName is the declared type of an audience, for the reader, if its first bytes don't tell.
func audienceName(r *http.Request) string {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-ndjson") {
		return "audience.ndjson"
	}
	return "audience.csv"
}

// badRow returns the faults of a row: with its columns, or with pointers within the line.
func badRow(row *bulk.RowError) []Fault {
	var out []Fault
	for _, f := range fault.Of(row.Err) {
		told := Fault{Line: row.Line, Column: row.Column(f), Code: f.Code, Detail: f.Detail}
		if told.Column == "" {
			told.Pointer = f.Pointer
		}
		out = append(out, told)
	}
	return out
}

// unfit marks an error of the audience, as opposed to one of storing it.
type unfit struct{ error }

func (u unfit) Unwrap() error { return u.error }

// fit marks the errors of an audience as such.
func fit(rows iter.Seq2[bulk.Recipient, error]) iter.Seq2[bulk.Recipient, error] {
	return func(yield func(bulk.Recipient, error) bool) {
		for r, err := range rows {
			if err != nil {
				err = unfit{err}
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// audienceProblem says why an audience was not stored.
func audienceProblem(err error, body *pacedReader) *Problem {
	var (
		row *bulk.RowError
		bad unfit
	)
	switch {
	case body.err != nil:
		return unreadable(body.err)
	case errors.Is(err, bulk.ErrBomb):
		return problem(http.StatusRequestEntityTooLarge, "compression_bomb", "the audience: %s", bulk.ErrBomb)
	case errors.As(err, &row):
		p := problem(http.StatusUnprocessableEntity, "invalid_row", "nothing was stored: a row of the audience can't be read")
		p.Errors = badRow(row)
		return p
	case errors.As(err, &bad), errors.Is(err, bulk.ErrNoRecipients):
		return problem(http.StatusUnprocessableEntity, "invalid_audience", "nothing was stored: %s", clip(err.Error()))
	}
	return asProblem(err)
}
