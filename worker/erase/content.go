package erase

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/conversation"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// singles removes single messages and forwards that name the address anywhere: as a recipient, in their context, in the
// conversation.
func (r *run) singles(ctx context.Context) error {
	return r.Ledger.EachSingle(ctx, func(o ledger.Owner) error {
		books, err := r.Ledger.Single(ctx, o)
		if errors.Is(err, ledger.ErrNotFound) {
			return nil // its retention ended meanwhile
		}
		if err != nil {
			return err
		}
		a, err := r.Ledger.Account(ctx, books)
		if errors.Is(err, ledger.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		named, err := r.names(ctx, o, a)
		if err == nil && !named {
			needs := blobsIn(a.Request.Payload)
			r.need(o.String(), append(needs.files, needs.Sources, needs.Conversation)...)
		}
		if err != nil || !named {
			return err
		}
		return r.single(ctx, o, books, a)
	})
}

// names reports whether anything that is known of a message or forward names the address.
func (r *run) names(ctx context.Context, o ledger.Owner, a ledger.Account) (bool, error) {
	payload := a.Request.Payload
	if len(payload) == 0 { // what an older version stored has it in the queue
		var p task.Payload = task.Message{ID: o.ID, Layout: task.Layout}
		if o.Kind == ledger.Forward {
			p = task.Forward{ID: o.ID, Layout: task.Layout}
		}
		_, stored, err := r.queue.Payload(p)
		if err != nil && !errors.Is(err, queue.ErrNoTask) {
			return false, err
		}
		payload = stored
	}
	details, err := json.Marshal(a.Details)
	if err != nil {
		return false, fmt.Errorf("%s: %w", o, err)
	}
	if r.find.InJSON(details) || r.find.In(a.Reason.Text) || a.Wait != nil && r.find.In(a.Wait.Text) || r.find.Is(a.To, "") {
		return true, nil
	}
	if len(payload) == 0 {
		return false, nil
	}
	if r.find.InJSON(payload) {
		return true, nil
	}
	var about struct {
		To           string `json:"to"`
		Country      string `json:"country"`
		Conversation string `json:"conversation"` // of a forward: the hash of what is forwarded
	}
	if json.Unmarshal(payload, &about) != nil {
		return false, nil //nolint:nilerr // no message that this version knows; its bytes were looked at
	}
	if r.find.Is(about.To, about.Country) {
		return true, nil
	}
	if about.Conversation == "" {
		return false, nil
	}
	content, err := r.blobs.Blob(ctx, about.Conversation)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && r.inBlob(content), err
}

// packed begins what is packed by Zstandard.
var packed = []byte{0x28, 0xb5, 0x2f, 0xfd}

// inBlob reports whether bytes name the address, as text or as a packed conversation.
func (r *run) inBlob(data []byte) bool {
	if bytes.HasPrefix(data, packed) {
		if text, err := conversation.Unpack(data); err == nil {
			data = text
		}
	}
	return r.find.InJSON(data)
}

// need keeps blobs that something else is made of, which stays.
func (r *run) need(what string, blobs ...string) {
	for _, sha := range blobs {
		if sha != "" {
			r.needed[sha] = what
		}
	}
}

// used are the blobs that the task of a message or forward names.
type used struct {
	Sources      string `json:"sources"`
	Conversation string `json:"conversation"` // of a forward
	files        []string
}

func blobsIn(payload []byte) used {
	var u used
	_ = json.Unmarshal(payload, &u) // any other content names none
	var m struct {
		Attachments []message.Ref `json:"attachments"`
	}
	_ = json.Unmarshal(payload, &m) // those of a forward are names
	u.files = blobsOf(m.Attachments)
	return u
}

func blobsOf(files []message.Ref) []string {
	var out []string
	for _, f := range files {
		out = append(out, f.Blob)
	}
	return out
}

// single skips a message or forward that is pending, and removes its content.
func (r *run) single(ctx context.Context, o ledger.Owner, books ledger.Chunk, a ledger.Account) error {
	id := string(o.Kind) + ":" + o.ID
	r.touched[id] = true
	uses := blobsIn(a.Request.Payload)
	r.orphans[uses.Conversation] = true
	for _, sha := range uses.files {
		r.files[sha] = true
	}
	if a.State == ledger.Claimed {
		r.changed = true // a worker is at it: the next pass
		return nil
	}
	if a.State == ledger.Pending {
		withdrawn, err := r.Ledger.Withdraw(ctx, books, 0, ledger.Erased)
		if err != nil {
			return err
		}
		if !withdrawn {
			r.changed = true
			return nil
		}
		r.count(&r.report.Skipped, "skipped", id)
	}
	for _, name := range queue.Singles() {
		if _, err := r.queue.Delete(name, id); err != nil {
			return err
		}
	}
	erased, err := r.Ledger.EraseSingle(ctx, o, books)
	if err != nil || !erased {
		return err
	}
	if o.Kind == ledger.Forward {
		r.count(&r.report.Forwards, "single", id)
	} else {
		r.count(&r.report.Messages, "single", id)
	}
	return nil
}

// bulkRows removes the person's rows from every bulk, and the address from all that its chunks know.
func (r *run) bulkRows(ctx context.Context) error {
	return r.bulks.Each(ctx, func(id string) error {
		b, err := r.bulks.Bulk(ctx, id)
		if errors.Is(err, bulk.ErrNotFound) {
			return nil
		}
		if bulk.IsUnreadable(err) {
			r.kept("bulk %s: its data can't be read", id)
			return nil
		}
		if err != nil {
			return err
		}
		changed, err := r.bulks.EraseContext(ctx, id, r.find.In)
		if err != nil {
			return err
		}
		if changed {
			r.count(&r.report.Bulks, "bulk", id)
		}
		for i, part := range b.Messages {
			r.need("bulk "+id, append(blobsOf(part.Attachments), part.Sources)...)
			data, err := json.Marshal(part)
			if err != nil {
				return fmt.Errorf("bulk %s: %w", id, err)
			}
			if r.find.InJSON(data) {
				r.kept("bulk %s: its message %d", id, i+1)
			}
		}
		for chunk := 0; b.Chunks == 0 || chunk < b.Chunks; chunk++ {
			more, err := r.chunk(ctx, b, chunk)
			if err != nil {
				return err
			}
			if !more {
				break
			}
		}
		return nil
	})
}

// chunk erases in one chunk of a bulk. It reports false at the end of an audience that is not complete.
func (r *run) chunk(ctx context.Context, b bulk.Bulk, chunk int) (more bool, err error) {
	if b.Chunks == 0 {
		_, err := r.bulks.Recipients(ctx, b.Definition, chunk)
		if errors.Is(err, bulk.ErrNotFound) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
	emptied, changed, err := r.bulks.EraseChunk(ctx, b.Definition, chunk, func(to bulk.Recipient) bool { return r.isRecipient(b.Country, to) })
	if err != nil {
		return false, err
	}
	r.report.Recipients += emptied
	// What another recipient's server said may name the address, too.
	told, err := r.Ledger.EraseTexts(ctx, b.Owner().Chunk(chunk), r.find.In)
	if err != nil {
		return false, err
	}
	if changed || told {
		r.count(&r.report.Bulks, "bulk", b.ID)
		id, _, err := queue.Address(b.ChunkTask(chunk))
		if err != nil {
			return false, err
		}
		r.touched[id] = true
	}
	return true, nil
}

func (r *run) isRecipient(country string, to bulk.Recipient) bool {
	for _, text := range []string{to.Email, to.Phone, to.Conversation} {
		if text != "" && (r.find.Is(text, country) || r.find.In(text)) {
			return true
		}
	}
	for _, file := range to.Attachments {
		if r.find.In(file.Name) || r.find.In(file.URL) || r.find.In(file.File) {
			return true
		}
	}
	if r.find.InJSON(to.Context) {
		return true
	}
	r.need("a recipient of a bulk", blobsOf(to.Attachments)...)
	return false
}

// contents deletes stored contents in which the address stands in plain text. What needs them was settled before.
func (r *run) contents(ctx context.Context) error {
	return r.blobs.Each(ctx, func(sha string) error {
		data, err := r.blobs.Blob(ctx, sha)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			r.kept("blob %s: it can't be read", sha)
			return nil //nolint:nilerr // told in the report: one broken blob doesn't end the erasure
		}
		if !r.orphans[sha] && !r.inBlob(data) {
			if r.files[sha] && r.needed[sha] == "" {
				r.kept("blob %s: a file that went with a message of theirs; others may send it, too", sha)
			}
			return nil
		}
		if what := r.needed[sha]; what != "" {
			r.kept("blob %s: %s needs it", sha, what)
			return nil
		}
		if err := r.blobs.Delete(ctx, sha); err != nil {
			return err
		}
		r.count(&r.report.Files, "blob", sha)
		return nil
	})
}
