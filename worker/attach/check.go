package attach

import (
	"encoding/base64"
	"errors"

	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/message"
)

// CheckKnown tells what is wrong with the files of a message as far as it is known without reading any: those whose bytes
// stand in the reference, and stored ones by their sizes. A size of 0 is a blob that is not stored; one that is missing
// from sizes is not looked at. The faults have places in refs, and the codes of Error.
func (p Policy) CheckKnown(refs []message.Ref, sizes map[string]int64) error {
	var faults fault.List
	var total int64
	for i, ref := range refs {
		file := File{Name: CleanName(nameOf(ref), i+1)}
		var err error
		size, stored := sizes[ref.Blob]
		switch {
		case ref.Inline != "":
			file.Size = int64(base64.StdEncoding.DecodedLen(len(ref.Inline)))
			if file.Head, err = decode(ref.Inline, p.MaxTotal); err == nil {
				file.Size = int64(len(file.Head))
				err = p.checkFile(file)
			} else if errors.Is(err, errTooLarge) {
				err = p.tooLarge(file.Name)
			}
		case ref.Blob != "" && stored && size == 0:
			err = &Error{Code: "attachment_missing", Name: file.Name, Reason: "is not stored, or no longer"}
		case ref.Blob != "" && stored:
			if file.Size = size; p.MaxFile > 0 && size > p.MaxFile {
				err = p.tooLarge(file.Name)
			}
		}
		before := total
		if total += file.Size; err == nil && total > p.MaxTotal && before <= p.MaxTotal {
			err = p.tooLargeTogether(file.Name)
		}
		var known *Error
		if errors.As(err, &known) {
			faults.Add(fault.Pointer(i), known.Code, "%s", known.words())
		}
	}
	return faults.Err()
}
