package content

import (
	"net/url"
	"regexp"
	"strings"
)

// attachmentsFolder is the folder of a catalog with files for messages. A picture whose address begins with it is
// sent within the email.
const attachmentsFolder = "attachments/"

// AttachedFile is the name of the catalog's file in the address of a picture.
func AttachedFile(address string) (name string, ok bool) {
	name, ok = strings.CutPrefix(strings.TrimPrefix(strings.TrimSpace(address), "./"), attachmentsFolder)
	if !ok || strings.ContainsAny(name, "{}") {
		return "", false
	}
	if decoded, err := url.PathUnescape(name); err == nil {
		name = decoded
	}
	return name, name != ""
}

// pictures finds addresses of pictures in a template's source: Markdown's and HTML's.
var pictures = regexp.MustCompile(`!\[[^\]]*\]\(\s*(?:<([^>\n]*)>|([^\s)]*))|(?i:\s(?:src|background|href)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))`)

// AttachedFiles lists the catalog's files whose pictures a template shows, each once.
func AttachedFiles(source string) []string {
	if !strings.Contains(source, attachmentsFolder) {
		return nil
	}
	var names []string
	seen := map[string]bool{}
	for _, match := range pictures.FindAllStringSubmatch(source, -1) {
		for _, address := range match[1:] {
			if name, ok := AttachedFile(address); ok && !seen[name] {
				seen[name] = true
				names = append(names, name)
			}
		}
	}
	return names
}
