package api

import (
	"context"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/blob"
)

func (s *Server) registerAttachments(api huma.API) {
	Handle(api, ScopeSend, huma.Operation{
		OperationID: "store-attachment", Method: http.MethodPost, Path: "/v1/attachments", Tags: []string{"Attachments"},
		Summary: "Store a file", DefaultStatus: http.StatusCreated,
		Description: "Stores a file's bytes once, however often it is sent, for HERALD_RETENTION (30 days unless set) and 60 days more, as far ahead as anything may be scheduled. Messages and bulks name it by the blob that is returned. " +
			"The body is the file itself, or a form (multipart/form-data) with one file.",
		RequestBody: binary("The file's bytes, at most 9.5 MB, or a form with one file.", "application/octet-stream", "multipart/form-data"),
	}, s.storeAttachment)
}

type attachmentInput struct {
	Stream
	Name    string          `query:"name" maxLength:"1000" doc:"The file's name. Needed where the body is the file itself; a form's file has one." example:"invoice.pdf"`
	Channel message.Channel `query:"channel" doc:"Checks the file for a bulk on this channel already now: its type, its content, its size."`
}

// StoredFile is a stored file, in the form in which messages and bulks refer to it.
type StoredFile struct {
	Name string `json:"name"`
	Type string `json:"type" doc:"Media type, found from name and content."`
	Blob string `json:"blob" doc:"SHA-256 of the bytes."`
	Size int    `json:"size" doc:"In bytes."`
}

type storedFileOutput struct{ Body StoredFile }

func (s *Server) storeAttachment(ctx context.Context, in *attachmentInput) (*storedFileOutput, error) {
	held := s.room.enter(ctx)
	defer held.leave()
	name, data, err := in.file(held)
	if err != nil {
		return nil, err
	}
	_ = http.NewResponseController(in.writer).SetWriteDeadline(time.Now().Add(maxRequest))
	policy := attach.Forward()
	if in.Channel != "" {
		policy = attach.Bulk(in.Channel) // a single message may have a stricter policy: that is checked when it is enqueued
	}
	check, err := attach.New(attach.Options{Blobs: inHand(data)})
	if err != nil {
		return nil, err
	}
	files, err := check.Resolve(ctx, policy, []message.Ref{{Name: name, Blob: blob.Hash(data)}})
	if err != nil {
		return nil, err
	}
	ref, err := s.Client.Attach(ctx, files[0].Name, files[0].Type, data)
	if err != nil {
		return nil, err
	}
	return &storedFileOutput{StoredFile{Name: ref.Name, Type: ref.Type, Blob: ref.Blob, Size: len(data)}}, nil
}

// file reads the body: the file itself, or a form with one. The error is a *Problem.
func (in *attachmentInput) file(held *share) (name string, data []byte, err error) {
	r := in.request
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return "", nil, problem(http.StatusUnsupportedMediaType, "unsupported_encoding", "the body is packed; send it as it is")
	}
	mediaType, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	r.Body = struct {
		io.Reader
		io.Closer
	}{in.body(), r.Body}
	switch {
	case mediaType == "multipart/form-data" && params["boundary"] != "":
		name, data, err = readForm(held.reader(r.Body), params["boundary"])
		if in.Name != "" {
			name = in.Name
		}
		return name, data, err
	case strings.HasPrefix(strings.ToLower(r.Header.Get("Content-Type")), "multipart/"):
		return "", nil, problem(http.StatusUnsupportedMediaType, "unsupported_media_type", "the body is an envelope that is no form: send the file's own bytes, or multipart/form-data with its boundary")
	case in.Name == "":
		return "", nil, badParameter("name", "the file needs a name")
	}
	data, err = readLimited(r, held, message.MaxFileTotal)
	return in.Name, data, err
}

// maxFormFields is how many bytes a form may have besides its file.
const maxFormFields = 64 << 10

// readForm reads the one file of a form. Fields that aren't files are ignored. The error is a *Problem.
func readForm(body io.Reader, boundary string) (name string, data []byte, err error) {
	limited := &io.LimitedReader{R: body, N: message.MaxFileTotal + maxFormFields}
	form := multipart.NewReader(limited, boundary)
	for {
		part, err := form.NextPart()
		ended := err == io.EOF //nolint:errorlint // one that is wrapped is a form that breaks off
		switch {
		case ended && data == nil:
			return "", nil, problem(http.StatusUnprocessableEntity, "no_file", "the form has no file: a part with a filename")
		case ended:
			return name, data, nil
		case err != nil && limited.N <= 0:
			return "", nil, tooLargeBody(message.MaxFileTotal)
		case err != nil:
			return "", nil, unreadable(err)
		case part.FileName() == "":
			continue
		case data != nil:
			return "", nil, problem(http.StatusUnprocessableEntity, "several_files", "the form has several files: store each by a request of its own")
		}
		name = part.FileName()
		if data, err = io.ReadAll(io.LimitReader(part, message.MaxFileTotal+1)); int64(len(data)) > message.MaxFileTotal || err != nil && limited.N <= 0 {
			return "", nil, tooLargeBody(message.MaxFileTotal)
		}
		if err != nil {
			return "", nil, unreadable(err)
		}
	}
}

// inHand are bytes that are checked before they are stored.
type inHand []byte

func (b inHand) Blob(context.Context, string) ([]byte, error) { return b, nil }
