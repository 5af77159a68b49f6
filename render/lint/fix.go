package lint

import (
	"bytes"
	"cmp"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/heraldsend/herald/render/catalog"
)

// Fixed is what Fix did.
type Fixed struct {
	Files    map[string][]byte // the new contents of files
	Findings []FixedFinding    // that are mended, in order
	Report   *Report           // what is left
}

// FixedFinding is a finding that is mended, with the lines of its file before and after.
type FixedFinding struct {
	catalog.Finding
	Before, After string
}

// maxRounds bounds, with the number of findings, how often a folder is checked again after it was mended: what one fix
// leaves, the next one mends.
const maxRounds = 20

// Fix mends what it can of a folder's findings. It writes nothing. Fixes that touch the same place wait for another round; a
// fix after which a file can't be read is undone, and the others of that file are applied without it.
func Fix(fsys fs.FS, o Options) *Fixed {
	over := &overlay{FS: fsys, files: map[string][]byte{}, single: map[string]bool{}, refused: map[string]bool{}}
	out := &Fixed{Files: over.files}
	report := Folder(over, o)
	for range maxRounds + len(report.Findings) {
		done := over.apply(report.Findings)
		if len(done) == 0 {
			break
		}
		next := Folder(over, o)
		undone := false
		for file, was := range over.before {
			if torn(next, file) > torn(report, file) {
				over.files[file] = was
				over.undo(file, done)
				done = slices.DeleteFunc(done, func(f FixedFinding) bool { return f.File == file })
				undone = true
			}
		}
		if undone {
			next = Folder(over, o)
		}
		out.Findings = append(out.Findings, done...)
		report = next
	}
	for file, data := range over.files {
		if original, err := fs.ReadFile(fsys, file); err == nil && bytes.Equal(original, data) {
			delete(over.files, file)
		}
	}
	out.Report = report
	return out
}

// torn counts what keeps a file from being read.
func torn(r *Report, file string) (n int) {
	for _, f := range r.Findings {
		if f.File == file && (strings.HasPrefix(f.Code, "yaml_") || f.Code == "syntax" || f.Code == "unclosed_block" || f.Code == "argument") {
			n++
		}
	}
	return n
}

// overlay is a folder with other contents of some files.
type overlay struct {
	fs.FS
	files   map[string][]byte
	before  map[string][]byte // before the last round, of the files that it changed
	single  map[string]bool   // files to which one fix at a time is applied
	refused map[string]bool   // findings whose fix was undone
}

// undo learns from the fixes of a file that were undone: which one it was shows when they are applied one at a time.
func (o *overlay) undo(file string, done []FixedFinding) {
	if !o.single[file] {
		o.single[file] = true
		return
	}
	for _, f := range done {
		if f.File == file {
			o.refused[identity(f.Finding)] = true
		}
	}
}

// identity tells a finding from others, wherever it stands now.
func identity(f catalog.Finding) string { return f.File + "\n" + f.Code + "\n" + f.Message }

// Open gives the new contents.
func (o *overlay) Open(name string) (fs.File, error) {
	f, err := o.FS.Open(name)
	data, changed := o.files[name]
	if err != nil || !changed {
		return f, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return &overlayFile{File: f, Reader: bytes.NewReader(data), info: overlayInfo{info, int64(len(data))}}, nil
}

type overlayFile struct {
	fs.File
	io.Reader
	info overlayInfo
}

func (f *overlayFile) Read(b []byte) (int, error) { return f.Reader.Read(b) }

func (f *overlayFile) Stat() (fs.FileInfo, error) { return f.info, nil }

type overlayInfo struct {
	fs.FileInfo
	size int64
}

func (i overlayInfo) Size() int64 { return i.size }

func (i overlayInfo) ModTime() time.Time { return i.FileInfo.ModTime() }

// apply mends what can be mended at once.
func (o *overlay) apply(findings []catalog.Finding) (done []FixedFinding) {
	o.before = map[string][]byte{}
	byFile := map[string][]catalog.Finding{}
	for _, f := range findings {
		if f.Fix != nil && f.File != "" && !o.refused[identity(f)] && !(o.single[f.File] && len(byFile[f.File]) > 0) {
			byFile[f.File] = append(byFile[f.File], f)
		}
	}
	for file, list := range byFile {
		data, err := fs.ReadFile(o, file)
		if err != nil {
			continue
		}
		fixed, applied := applyTo(data, list)
		if len(applied) > 0 {
			o.before[file], o.files[file] = data, fixed
			done = append(done, applied...)
		}
	}
	slices.SortStableFunc(done, func(a, b FixedFinding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return done
}

// placed is an edit by bytes.
type placed struct {
	start, end int
	text       string
}

// applyTo mends a file. A finding is left out where its place is another's.
func applyTo(data []byte, findings []catalog.Finding) ([]byte, []FixedFinding) {
	source := string(data)
	starts := lineStarts(source)
	var all []placed
	var done []FixedFinding
	for _, f := range findings {
		edits := make([]placed, 0, len(f.Fix.Edits))
		ok := true
		for _, e := range f.Fix.Edits {
			p := placed{offsetIn(source, starts, e.Line, e.Column), offsetIn(source, starts, e.EndLine, e.EndColumn), e.Text}
			ok = ok && p.start >= 0 && p.end >= p.start && !slices.ContainsFunc(all, func(other placed) bool {
				return p.start < other.end && other.start < p.end || p.start == other.start || lineOf(starts, p.start) <= lineOf(starts, other.end) && lineOf(starts, other.start) <= lineOf(starts, p.end)
			})
			edits = append(edits, p)
		}
		if !ok {
			continue
		}
		all = append(all, edits...)
		first, last := lineOf(starts, edits[0].start), lineOf(starts, edits[len(edits)-1].end)
		from, to := starts[first], len(source)
		if last+1 < len(starts) {
			to = starts[last+1] - 1
		}
		done = append(done, FixedFinding{Finding: f, Before: source[from:to], After: edited(source[from:to], edits, from)})
	}
	return []byte(edited(source, all, 0)), done
}

// edited is a text, which begins at a byte of the file, after edits.
func edited(text string, edits []placed, from int) string {
	edits = slices.Clone(edits)
	slices.SortStableFunc(edits, func(a, b placed) int { return b.start - a.start })
	for _, e := range edits {
		text = text[:e.start-from] + e.text + text[e.end-from:]
	}
	return text
}

func lineStarts(source string) []int {
	starts := []int{0}
	if strings.HasPrefix(source, "\ufeff") {
		starts[0] = len("\ufeff")
	}
	for i := range len(source) {
		if source[i] == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
}

func lineOf(starts []int, pos int) int {
	i, found := slices.BinarySearch(starts, pos)
	if !found {
		i = max(i-1, 0)
	}
	return i
}

// offsetIn is the byte of a place, -1 if there is none such.
func offsetIn(source string, starts []int, line, column int) int {
	if line < 1 || line > len(starts) || column < 1 {
		return -1
	}
	at := starts[line-1]
	for range column - 1 {
		_, n := utf8.DecodeRuneInString(source[at:])
		if n == 0 || source[at] == '\n' {
			return -1
		}
		at += n
	}
	return at
}
