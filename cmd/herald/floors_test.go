package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/heraldsend/herald/"

// floors is the map of CONTRIBUTING.md.
type floors struct {
	of     map[string]int             // by package
	within map[string]map[string]bool // imports within a floor that have a reason
}

// tools is the floor of what serves tests and generators alone. Only tests, tools and benchmarks import it.
const tools = 100

var (
	mapFloor  = regexp.MustCompile(`^(?:floor (\d)|tools)\s`)
	mapFolder = regexp.MustCompile(`^[a-z]+(/[a-z]+)*/$`)
	mapWithin = regexp.MustCompile("(?m)^- `([a-z/]+)` → (`[a-z/`, ]+`): .+$")
)

// readMap reads the map: a line names a folder, then perhaps folders within it, then says what is there.
func readMap(t *testing.T) floors {
	t.Helper()
	data, err := os.ReadFile("../../CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	_, rest, _ := strings.Cut(text, "## The map")
	_, rest, _ = strings.Cut(rest, "```\n")
	drawing, rest, ok := strings.Cut(rest, "```\n")
	if !ok {
		t.Fatal("CONTRIBUTING.md has no map")
	}
	f := floors{of: map[string]int{}, within: map[string]map[string]bool{}}
	floor := -1
	for line := range strings.Lines(drawing) {
		if m := mapFloor.FindStringSubmatch(line); m != nil {
			floor, err = strconv.Atoi(m[1])
			if m[1] == "" {
				floor = tools
			} else if err != nil {
				t.Fatal(err)
			}
			line = line[len(m[0]):]
		}
		folder := ""
		for i, word := range strings.Fields(line) {
			if !mapFolder.MatchString(word) {
				break
			}
			if i == 0 {
				folder = strings.TrimSuffix(word, "/")
				word = ""
			}
			name := path.Join(folder, word)
			if at, twice := f.of[name]; twice {
				t.Errorf("%s stands on floors %d and %d", name, at, floor)
			}
			f.of[name] = floor
		}
	}
	rest, _, _ = strings.Cut(rest, "\n## ")
	for _, m := range mapWithin.FindAllStringSubmatch(rest, -1) {
		f.within[m[1]] = map[string]bool{}
		for _, to := range strings.Split(m[2], ", ") {
			f.within[m[1]][strings.Trim(to, "`")] = true
		}
	}
	return f
}

// listed is a package as `go list` tells it. Paths are the module's.
type listed struct {
	ImportPath, Dir                    string
	Imports, TestImports, XTestImports []string
	Deps                               []string
}

func listPackages(t *testing.T) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Dir,Imports,TestImports,XTestImports,Deps", "./...")
	cmd.Dir, cmd.Stderr = "../..", os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []listed
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		p.ImportPath = strings.TrimPrefix(p.ImportPath, module)
		p.Imports, p.Deps = ours(p.Imports), ours(p.Deps)
		all = append(all, p)
	}
}

// ours are the module's own packages among some.
func ours(all []string) []string {
	var own []string
	for _, p := range all {
		if name, ok := strings.CutPrefix(p, module); ok {
			own = append(own, name)
		}
	}
	return own
}

func wing(name string) string { first, _, _ := strings.Cut(name, "/"); return first }

// The map is true: every package stands on it, and imports what stands below, or beside it for a reason that is told.
func TestFloors(t *testing.T) {
	f := readMap(t)
	packages := listPackages(t)
	seen := map[string]bool{}
	used := map[string]bool{}
	for _, p := range packages {
		for dir := p.ImportPath; dir != "."; dir = path.Dir(dir) {
			seen[dir] = true
		}
		if wing(p.ImportPath) == "bench" {
			continue
		}
		own, ok := f.of[p.ImportPath]
		if !ok {
			t.Errorf("%s does not stand on the map", p.ImportPath)
			continue
		}
		for _, to := range p.Imports {
			floor := f.of[to]
			switch {
			case floor < own:
			case f.within[p.ImportPath][to] && floor == own, own == tools:
				used[p.ImportPath+" "+to] = true
			case floor == tools:
				t.Errorf("%s imports %s, which is for tests", p.ImportPath, to)
			default:
				t.Errorf("%s (floor %d) imports %s (floor %d)", p.ImportPath, own, to, floor)
			}
		}
	}
	for name := range f.of {
		if !seen[name] {
			t.Errorf("%s is on the map, and not there", name)
		}
	}
	for from, all := range f.within {
		for to := range all {
			if !used[from+" "+to] {
				t.Errorf("%s may import %s, and does not", from, to)
			}
		}
	}
}

// The renderer knows nothing of the worker; what services import has no renderer behind it, and no numbering plans.
func TestWings(t *testing.T) {
	renderer := []string{"render", "helpers", "templates"}
	for _, p := range listPackages(t) {
		for _, to := range p.Deps {
			switch {
			case slices.Contains(renderer, wing(p.ImportPath)) && (wing(to) == "worker" || wing(to) == "cmd"):
				t.Errorf("%s needs %s", p.ImportPath, to)
			case p.ImportPath == "worker/enqueue" && (slices.Contains(renderer, wing(to)) && to != "render/action" || to == "worker/address/phone"):
				t.Errorf("%s needs %s", p.ImportPath, to)
			}
		}
	}
}
