package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/worker/app"
	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/task"
)

// contentFlags say what is sent; single messages and bulks share them.
type contentFlags struct {
	From        string   `placeholder:"ADDR" help:"Sender, such as 'Acme Support <help@acme.example>'. Needed for email."`
	ReplyTo     string   `placeholder:"ADDR" help:"Where replies go, if not to the sender."`
	Shortcut    string   `placeholder:"NAME" xor:"content" help:"Shortcut of the catalog (see --templates)."`
	Text        string   `placeholder:"TEMPLATE" xor:"content" help:"Template instead of a shortcut, in Markdown."`
	Subject     string   `help:"Subject template of an email; overrides the shortcut's."`
	EmailLayout string   `placeholder:"NAME" help:"Email layout; overrides the shortcut's."`
	Unsubscribe bool     `help:"Let recipients of emails unsubscribe with one click; needs HERALD_PUBLIC_URL at the worker."`
	Topic       string   `placeholder:"NAME" help:"Topic, such as news: what recipients can unsubscribe from. The default of HERALD_TOPICS when empty."`
	Tag         []string `placeholder:"WORD" sep:"none" help:"Word to find it by. Can be given again."`
	Meta        []string `placeholder:"KEY=TEXT" sep:"none" help:"Text of your own that comes back in answers and events, such as orderId=10031. Can be given again."`
	Brand       string   `placeholder:"ID" help:"Brand of a chat."`
	Assistant   string   `placeholder:"ID" help:"Assistant of a chat."`
	Dialog      string   `placeholder:"ID" help:"Dialog that the assistant starts with."`
	Mention     []string `placeholder:"ID" help:"User whom a note mentions. Can be given again."`
	Attach      []string `placeholder:"FILE" sep:"none" help:"File to attach. Can be given again."`
	Context     string   `placeholder:"FILE" help:"JSON object with customer, conversation, currentUser, …; - for standard input."`
	Policy      string   `enum:"resend,hold," default:"" help:"What happens to messages in flight when a worker is killed: resend, or hold for a person. When empty: hold for ${holding}, resend for the others."`
	As          string   `placeholder:"USER,TEAM" help:"Who acts: a user, then their teams; or a team. They may use only shortcuts that they may see."`
	Lint        string   `enum:"on,off" default:"on" help:"off: send although lint finds errors, such as a field that does not exist."`
	OnIssue     string   `enum:"send,skip" default:"send" help:"Send or skip recipients whose message has issues, such as a missing field."`
}

// fields are those that messages of a channel have for themselves.
func (f *contentFlags) fields(c message.Channel) (chat message.ChatFields, note message.NoteFields) {
	spec := c.Spec()
	if spec.Chat {
		chat = message.ChatFields{Brand: f.Brand, Assistant: f.Assistant, Dialog: f.Dialog}
	}
	if spec.Note {
		note = message.NoteFields{Mentions: f.Mention}
	}
	return chat, note
}

// labels are what the flags say of the message besides its content.
func (f *contentFlags) labels() (message.Labels, error) {
	l := message.Labels{Topic: f.Topic, Tags: f.Tag}
	for _, pair := range f.Meta {
		key, text, ok := strings.Cut(pair, "=")
		if _, twice := l.Metadata[key]; !ok || twice {
			return l, usageError{fmt.Errorf("--meta %.100q: give each key once, as KEY=TEXT", pair)}
		}
		if l.Metadata == nil {
			l.Metadata = map[string]string{}
		}
		l.Metadata[key] = text
	}
	return l, nil
}

// useDefault takes the default shortcut of defaults.yaml where neither a shortcut nor a text is given.
func (f *contentFlags) useDefault(c *app.Settings, channel message.Channel) error {
	if f.Shortcut != "" || f.Text != "" {
		return nil
	}
	templates, err := c.Catalog()
	if err != nil {
		return err
	}
	f.Shortcut = templates.DefaultShortcut(catalog.Channel(channel))
	return nil
}

// named says which content the flags ask for.
func (f *contentFlags) named() (task.Content, error) {
	content := task.Content{Shortcut: f.Shortcut, Text: f.Text, Subject: f.Subject, Template: f.EmailLayout, As: f.As}
	if f.Lint == "off" {
		content.Lint = task.LintOff
	}
	if f.Shortcut == "" && f.Text == "" {
		return content, usageError{errors.New("give --shortcut or --text")}
	}
	return content, nil
}

// subjectFault is the fault of a text for a mail that has no subject.
func (f *contentFlags) subjectFault(channels ...message.Channel) error {
	for _, c := range channels {
		if err := compose.CheckSubject(c, task.Content{Text: f.Text, Subject: f.Subject}); err != nil {
			return err
		}
	}
	return nil
}

// content checks and pins the templates, so that what this command saw is what is sent.
func (f *contentFlags) content(ctx context.Context, q *app.Client, c *app.Settings) (task.Content, error) {
	content, err := f.named()
	if err != nil {
		return content, err
	}
	templates, err := c.Catalog()
	if err != nil {
		return content, err
	}
	content.Sources, err = compose.Pin(ctx, q.Blobs, q.SourceRetention(), templates, content)
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
	return data, inFile("context "+f.Context, task.CheckContext(data))
}

// inFile says in which file the faults of err are.
func inFile(name string, err error) error {
	faults := fault.In(err)
	if len(faults) == 0 {
		return err
	}
	texts := make([]error, len(faults))
	for i, one := range faults {
		texts[i] = fmt.Errorf("%s: %w", name, one)
	}
	return errors.Join(texts...)
}

// localFile is a file of --attach.
type localFile struct {
	name string
	data []byte
}

// files reads the files of --attach and checks them against the limits: better now than at every recipient.
func (f *contentFlags) files(policies ...attach.Policy) ([]localFile, error) {
	var files []localFile
	var check []attach.File
	for i, path := range f.Attach {
		info, err := os.Stat(path)
		if err != nil {
			return nil, fmt.Errorf("attach %s: %w", path, errors.Unwrap(err))
		}
		var data []byte
		if info.Size() <= message.MaxFileTotal {
			if data, err = os.ReadFile(path); err != nil {
				return nil, fmt.Errorf("attach %s: %w", path, errors.Unwrap(err))
			}
		}
		name := attach.CleanName(filepath.Base(path), i+1)
		files = append(files, localFile{name, data})
		check = append(check, attach.File{Name: name, Size: info.Size(), Head: data})
	}
	for _, p := range policies {
		if err := p.Check(check); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// attachments stores the files of --attach for so long.
func (f *contentFlags) attachments(ctx context.Context, blobs compose.Blobs, keep time.Duration, policies ...attach.Policy) ([]message.Ref, error) {
	files, err := f.files(policies...)
	if err != nil {
		return nil, err
	}
	refs := make([]message.Ref, len(files))
	for i, file := range files {
		sha, err := blobs.Put(ctx, file.data, keep)
		if err != nil {
			return nil, err
		}
		refs[i] = message.Ref{Name: file.name, Blob: sha}
	}
	return refs, nil
}

// readInput reads a file, or standard input for "-", of at most so many bytes.
func readInput(path string, std stdio, most int64) ([]byte, error) {
	in, _, err := openInput(path, std)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	data, err := io.ReadAll(io.LimitReader(in, most+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if int64(len(data)) > most {
		return nil, fmt.Errorf("%s: over %d bytes", path, most)
	}
	return data, nil
}
