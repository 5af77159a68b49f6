package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/blob"
)

// uploadsAtOnce bounds how many files are in memory.
const uploadsAtOnce = 16

func (s *Server) registerAttachments(api huma.API) {
	Handle(api, ScopeSend, huma.Operation{
		OperationID: "store-attachment", Method: http.MethodPost, Path: "/v1/attachments", Tags: []string{"Attachments"},
		Summary: "Store a file", DefaultStatus: http.StatusCreated,
		Description: "Stores a file's bytes once, whoever sends it how often, for 30 days. Messages and bulks name it by the blob that is returned.",
		RequestBody: binary("The file's bytes, at most 9.5 MB.", "application/octet-stream"),
	}, s.storeAttachment)
}

type attachmentInput struct {
	Stream
	Name    string          `query:"name" required:"true" minLength:"1" maxLength:"1000" doc:"The file's name." example:"invoice.pdf"`
	Channel message.Channel `query:"channel" doc:"Checks the file for a bulk on this channel already now: its type, its content, its size."`
}

// StoredFile is a stored file, as messages and bulks refer to it.
type StoredFile struct {
	Name string `json:"name"`
	Type string `json:"type" doc:"Media type, found from name and content."`
	Blob string `json:"blob" doc:"SHA-256 of the bytes."`
	Size int    `json:"size" doc:"In bytes."`
}

type storedFileOutput struct{ Body StoredFile }

func (s *Server) storeAttachment(ctx context.Context, in *attachmentInput) (*storedFileOutput, error) {
	if err := s.takeUpload(ctx); err != nil {
		return nil, err
	}
	defer s.giveUpload()
	_ = in.body() // moves the deadlines
	data, err := readLimited(in.request, message.MaxFileTotal)
	if err != nil {
		return nil, err
	}
	policy := attach.Forward()
	if in.Channel != "" {
		policy = attach.Bulk(in.Channel) // a message of its own may be asked for less: that is checked when it comes
	}
	check, err := attach.New(attach.Options{Blobs: inHand(data)})
	if err != nil {
		return nil, err
	}
	files, err := check.Resolve(ctx, policy, []message.Ref{{Name: in.Name, Blob: blob.Hash(data)}})
	if err != nil {
		return nil, err
	}
	ref, err := s.Client.Attach(ctx, files[0].Name, files[0].Type, data)
	if err != nil {
		return nil, err
	}
	return &storedFileOutput{StoredFile{Name: ref.Name, Type: ref.Type, Blob: ref.Blob, Size: len(data)}}, nil
}

// inHand are the bytes that a check is about, before they are stored.
type inHand []byte

func (b inHand) Blob(context.Context, string) ([]byte, error) { return b, nil }

func (s *Server) takeUpload(ctx context.Context) error {
	select {
	case s.uploads <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (s *Server) giveUpload() { <-s.uploads }
