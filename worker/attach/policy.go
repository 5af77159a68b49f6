// Package attach turns references to attachments into bytes that may be sent: it finds them, refuses too large ones,
// checks that extension and content agree, and cleans names. Its results are within the policy, or an Error.
package attach

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/gabriel-vasile/mimetype"

	"github.com/heraldsend/herald/worker/message"
)

// headSize is how much of a file suffices to tell its type.
const headSize = 3072

// Policy says what may be attached. It is a value: Check depends on nothing else.
type Policy struct {
	MaxFile  int64    // bytes a file, 0 means no limit of its own
	MaxTotal int64    // bytes all files of a message
	Types    []string // extensions in lower case without dot; nil allows every type
	Pictures []string // those that a picture within HTML may have besides
}

// Single is the policy for a single message on a channel.
func Single(c message.Channel) Policy {
	rule := c.Spec().Files
	return Policy{MaxFile: rule.MaxFile, MaxTotal: rule.MaxTotal, Types: rule.Types, Pictures: rule.MoreTypes}
}

// Bulk is the policy for the messages of a bulk on a channel.
func Bulk(c message.Channel) Policy {
	p := Single(c)
	p.Types = slices.Concat(p.Types, c.Spec().Files.MoreTypes)
	return p
}

// Forward is the policy for a forwarded conversation: only the total counts.
func Forward() Policy { return Policy{MaxTotal: message.MaxFileTotal} }

// Error is a file that may not be attached. Its text names the file, what is wrong and what is allowed.
type Error struct {
	Code      string // stable: attachment_too_large, attachments_too_large, attachment_type, attachment_missing, …
	Name      string // cleaned file name
	Reason    string
	Temporary bool  // another try may find the file
	Err       error // what lies beneath, may be nil
}

// Error is one line with the file's name and the reason.
func (e *Error) Error() string { return e.Code + ": " + e.words() }

func (e *Error) words() string {
	if e.Name == "" {
		return e.Reason
	}
	return fmt.Sprintf("%q %s", e.Name, e.Reason)
}

// Unwrap gives what lies beneath.
func (e *Error) Unwrap() error { return e.Err }

// File is the input of Check.
type File struct {
	Name    string // cleaned by CleanName
	Size    int64  // decoded bytes
	Head    []byte // its first 3,072 bytes at least, or all of it
	Picture bool   // stands within the HTML
}

// Check says whether these files may be sent together in one message: nil, or the first *Error.
func (p Policy) Check(files []File) error {
	left := p.MaxTotal
	for _, f := range files {
		limit := p.limit(left)
		if f.Size > limit {
			return p.over(f.Name, limit)
		}
		if err := p.checkType(f); err != nil {
			return err
		}
		left -= f.Size
	}
	return nil
}

// limit is how large one file may be if left is the limit for it and all that follow.
func (p Policy) limit(left int64) int64 {
	if p.MaxFile > 0 {
		return min(left, p.MaxFile)
	}
	return left
}

// over is the error of a file that is larger than its limit.
func (p Policy) over(name string, limit int64) *Error {
	if p.MaxFile > 0 && limit == p.MaxFile {
		return &Error{Code: "attachment_too_large", Name: name, Reason: fmt.Sprintf("is larger than %d bytes", p.MaxFile)}
	}
	return &Error{Code: "attachments_too_large", Name: name, Reason: fmt.Sprintf("takes the attachments of this message over %d bytes", p.MaxTotal)}
}

func (p Policy) checkType(f File) error {
	if p.Types == nil {
		return nil
	}
	ext := extension(f.Name)
	if !slices.Contains(p.Types, ext) && !(f.Picture && slices.Contains(p.Pictures, ext)) {
		return &Error{Code: "attachment_type", Name: f.Name, Reason: fmt.Sprintf("has the type %q; allowed are %s", ext, strings.Join(p.Types, ", "))}
	}
	if f.Size == 0 {
		return &Error{Code: "attachment_type", Name: f.Name, Reason: "is empty"}
	}
	if sniffed := mimetype.Detect(head(f.Head)); !agrees(ext, sniffed) {
		return &Error{Code: "attachment_type", Name: f.Name, Reason: fmt.Sprintf("is named .%s but holds %s", ext, sniffed.String())}
	}
	return nil
}

// contents lists, for each extension that a policy can allow, the type to declare (first) and the contents that agree.
var contents = map[string][]string{
	"pdf":  {"application/pdf"},
	"doc":  {"application/msword", "application/x-ole-storage"},
	"xls":  {"application/vnd.ms-excel", "application/x-ole-storage"},
	"docx": {"application/vnd.openxmlformats-officedocument.wordprocessingml.document", "application/zip"},
	"xlsx": {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "application/zip"},
	"zip":  {"application/zip"},
	"txt":  {"text/plain"},
	"mov":  {"video/quicktime"},
	"mp4":  {"video/mp4", "video/x-m4v", "audio/mp4"},
	"png":  {"image/png", "image/vnd.mozilla.apng"},
	"jpg":  {"image/jpeg"},
	"jpeg": {"image/jpeg"},
	"gif":  {"image/gif"},
}

// activeText are the texts that programs run, or display as a page: a .txt must hold none of them.
var activeText = []string{"text/html", "image/svg+xml", "text/xml", "application/xhtml+xml", "text/vbscript", "text/javascript"}

// agrees reports whether content that sniffs as m may carry the extension.
func agrees(ext string, m *mimetype.MIME) bool {
	if ext == "txt" {
		for _, active := range activeText {
			if m.Is(active) {
				return false
			}
		}
		for ; m != nil; m = m.Parent() { // csv, json and other plain texts descend from text/plain
			if m.Is("text/plain") {
				return true
			}
		}
		return false
	}
	for _, want := range contents[ext] {
		if m.Is(want) {
			return true
		}
	}
	return false
}

// mediaType is the type to declare: the extension's where it is known, else what the content looks like.
func mediaType(name string, data []byte) string {
	if known := contents[extension(name)]; known != nil {
		return known[0]
	}
	t, _, _ := strings.Cut(mimetype.Detect(head(data)).String(), ";")
	return t
}

func head(data []byte) []byte { return data[:min(len(data), headSize)] }

// extension is what follows the last dot, in lower case.
func extension(name string) string {
	return strings.ToLower(strings.TrimPrefix(path.Ext(name), "."))
}
