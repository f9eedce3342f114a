package main

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
)

// operation is a method of a path.
type operation struct {
	method, path string
	// subject is the heading that it stands under, reason what the heading says beside its name.
	subject, reason string
}

func (o operation) String() string { return o.method + " " + o.path }

// shape is what makes two operations the same: variables may have other names.
func (o operation) shape() string { return o.method + " " + variable.ReplaceAllString(o.path, "{}") }

var variable = regexp.MustCompile(`\{[^/{}]*\}`)

// parse reads a list: headings of the form "[subject] reason", and below them lines with a path and its methods.
// A line that begins with # is a comment.
func parse(text string) ([]operation, error) {
	var (
		all   []operation
		under operation
		seen  = map[string]bool{}
	)
	for i, line := range strings.Split(text, "\n") {
		fields := strings.Fields(line)
		switch {
		case len(fields) == 0 || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "["):
			subject, reason, ok := strings.Cut(line[1:], "]")
			if !ok {
				return nil, fmt.Errorf("line %d: a heading ends with ]", i+1)
			}
			under.subject, under.reason = subject, strings.TrimSpace(reason)
		case under.subject == "" || len(fields) == 1 || !strings.HasPrefix(line, "/"):
			return nil, fmt.Errorf("line %d: want a path and its methods under a heading", i+1)
		default:
			for _, method := range fields[1:] {
				o := operation{method: method, path: fields[0], subject: under.subject, reason: under.reason}
				if seen[o.shape()] || !methods[method] {
					return nil, fmt.Errorf("line %d: %s is twice in the list or has no method of HTTP", i+1, o)
				}
				seen[o.shape()] = true
				all = append(all, o)
			}
		}
	}
	return all, nil
}

var methods = map[string]bool{
	http.MethodGet: true, http.MethodHead: true, http.MethodPost: true, http.MethodPut: true, http.MethodPatch: true, http.MethodDelete: true,
}

// report is what the comparison found.
type report struct {
	keystone, served int
	// waiting are missing and on the list; wrong are sentences about what must not be so.
	waiting []operation
	wrong   []string
	// own are ours alone.
	own []operation
}

// compare holds Keystone's operations against ours. HEAD is served wherever GET is.
func compare(theirs, ours, later []operation) report {
	r := report{keystone: len(theirs)}
	served, known, accepted := map[string]bool{}, map[string]bool{}, map[string]operation{}
	for _, o := range ours {
		served[o.shape()] = true
		if o.method == http.MethodGet {
			o.method = http.MethodHead
			served[o.shape()] = true
		}
	}
	for _, o := range later {
		accepted[o.shape()] = o
		if o.reason == "" {
			r.wrong = append(r.wrong, fmt.Sprintf("waiting.txt gives no reason for %s (%s)", o, o.subject))
		}
	}
	for _, o := range theirs {
		known[o.shape()] = true
		entry, waits := accepted[o.shape()]
		switch {
		case served[o.shape()] && waits:
			r.served++
			r.wrong = append(r.wrong, fmt.Sprintf("%s is served: take it off waiting.txt", o))
		case served[o.shape()]:
			r.served++
		case waits:
			r.waiting = append(r.waiting, entry)
		default:
			r.wrong = append(r.wrong, fmt.Sprintf("%s is missing (%s) and not in waiting.txt", o, o.subject))
		}
	}
	for _, o := range later {
		if !known[o.shape()] {
			r.wrong = append(r.wrong, fmt.Sprintf("%s is in waiting.txt and not among Keystone's operations", o))
		}
	}
	for _, o := range ours {
		if !known[o.shape()] {
			r.own = append(r.own, o)
		}
	}
	return r
}

// print writes the report as text.
func (r report) print(w io.Writer) {
	fmt.Fprintf(w, "Keystone's operations: %d, served: %d, waiting: %d, wrong: %d. Ours alone: %d.\n",
		r.keystone, r.served, len(r.waiting), len(r.wrong), len(r.own))
	group(w, "Waiting", r.waiting)
	group(w, "Ours alone", r.own)
	if len(r.wrong) != 0 {
		fmt.Fprintln(w, "\nWrong:")
	}
	for _, line := range r.wrong {
		fmt.Fprintln(w, "  "+line)
	}
}

// group writes operations under their subjects, in the order in which they come, a line for each path.
func group(w io.Writer, title string, list []operation) {
	var last operation
	for i, o := range list {
		if i == 0 {
			fmt.Fprintf(w, "\n%s:", title)
		}
		if o.subject != last.subject || o.reason != last.reason {
			fmt.Fprintf(w, "\n  [%s] %s", o.subject, o.reason)
		}
		if o.path != last.path {
			fmt.Fprintf(w, "\n    %s", o.path)
		}
		fmt.Fprintf(w, " %s", o.method)
		last = o
	}
	if len(list) != 0 {
		fmt.Fprintln(w)
	}
}
