package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/heraldsend/herald/render/handlebars"
	"github.com/heraldsend/herald/worker"
	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/task"
)

// contentFlags say what is sent; single messages and bulks share them.
type contentFlags struct {
	Channel     string   `enum:"email,sms,chat,note" default:"email" help:"email, sms, chat or note."`
	From        string   `placeholder:"ADDR" help:"Sender, such as 'Acme Support <help@acme.example>'. Needed for email."`
	ReplyTo     string   `placeholder:"ADDR" help:"Where replies go, if not to the sender."`
	Shortcut    string   `placeholder:"NAME" xor:"content" help:"Shortcut of the catalog (see --templates)."`
	Text        string   `placeholder:"TEMPLATE" xor:"content" help:"Template given here instead, in Markdown."`
	Subject     string   `help:"Subject template of an email; overrides the shortcut's."`
	EmailLayout string   `placeholder:"NAME" help:"Email layout; overrides the shortcut's."`
	Attach      []string `placeholder:"FILE" sep:"none" help:"File to attach. Can be given again."`
	Context     string   `placeholder:"FILE" help:"JSON object with customer, conversation, currentUser, …; - for standard input."`
	Policy      string   `enum:"resend,hold," default:"" help:"What happens to messages in flight when a worker is killed: resend, or hold for a person. SMS holds, the others resend, when empty."`
	OnIssue     string   `enum:"send,skip" default:"send" help:"Send or skip recipients whose message has issues, such as a missing field."`
}

// content checks and pins the templates, so that what this command saw is what is sent.
func (f *contentFlags) content(ctx context.Context, q *client, c *config) (task.Content, error) {
	if f.Shortcut == "" && f.Text == "" {
		return task.Content{}, usageError{errors.New("give --shortcut or --text")}
	}
	content := task.Content{Shortcut: f.Shortcut, Text: f.Text, Subject: f.Subject, Template: f.EmailLayout}
	catalog, err := loadCatalog(c)
	if err != nil {
		return content, err
	}
	content.Sources, err = worker.PinSources(ctx, q.blobs, catalog, content)
	return content, err
}

// context reads the context's JSON and checks it strictly.
func (f *contentFlags) context(std stdio) (json.RawMessage, error) {
	if f.Context == "" {
		return nil, nil
	}
	data, err := readInput(f.Context, std, task.MaxContextBytes)
	if err != nil {
		return nil, err
	}
	if err := handlebars.ValidateJSON(data); err != nil {
		return nil, fmt.Errorf("context %s: %w", f.Context, err)
	}
	return data, task.CheckContext(data)
}

// attachments stores the files of --attach, after checking them against the limits: better now than at every recipient.
func (f *contentFlags) attachments(ctx context.Context, q *client, p attach.Policy) ([]message.Ref, error) {
	var files []attach.File
	var contents [][]byte
	for _, path := range f.Attach {
		info, err := os.Stat(path)
		if err != nil {
			return nil, fmt.Errorf("attach %s: %w", path, errors.Unwrap(err))
		}
		var data []byte
		if info.Size() <= p.MaxTotal {
			if data, err = os.ReadFile(path); err != nil {
				return nil, fmt.Errorf("attach %s: %w", path, errors.Unwrap(err))
			}
		}
		files = append(files, attach.File{Name: attach.CleanName(filepath.Base(path), len(files)+1), Size: info.Size(), Head: data})
		contents = append(contents, data)
	}
	if err := p.Check(files); err != nil {
		return nil, err
	}
	refs := make([]message.Ref, len(files))
	for i, file := range files {
		ref, err := q.Attach(ctx, file.Name, "", contents[i])
		if err != nil {
			return nil, err
		}
		refs[i] = ref
	}
	return refs, nil
}

// readInput reads a file, or standard input for "-", of at most so many bytes.
func readInput(path string, std stdio, most int64) ([]byte, error) {
	in := std.in
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, most+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if int64(len(data)) > most {
		return nil, fmt.Errorf("%s: over %d bytes", path, most)
	}
	return data, nil
}
