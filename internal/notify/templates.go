package notify

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"text/template"
	"unicode"
	"unicode/utf8"
)

//go:embed templates
var shipped embed.FS

// fallback is the language that is always there.
const fallback = "en"

// maxText bounds what strangers choose, such as names, in runes.
const maxText = 200

// Templates are the words of notices, in every language that there is. The first line of a text is the subject.
type Templates struct{ byLanguage map[string]*template.Template }

// LoadTemplates reads the shipped templates and lays those in the operator's folder over them, none when it is empty:
// <language>/<kind>.txt. It fails when one is not valid.
func LoadTemplates(folder string) (*Templates, error) {
	t := &Templates{byLanguage: map[string]*template.Template{}}
	own, _ := fs.Sub(shipped, "templates") // the name is valid
	if err := t.read(own); err != nil {
		return nil, err
	}
	if folder != "" {
		if err := t.read(os.DirFS(folder)); err != nil {
			return nil, err
		}
	}
	return t, t.try()
}

var language = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)

func (t *Templates) read(files fs.FS) error {
	names, err := fs.Glob(files, "*/*.txt")
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return errors.New("no templates (<language>/<kind>.txt) there")
	}
	for _, name := range names {
		tag, base := strings.ToLower(path.Dir(name)), strings.TrimSuffix(path.Base(name), ".txt")
		if !language.MatchString(tag) {
			return fmt.Errorf("template %s: the folder must be a language such as en or pt-BR", name)
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return fmt.Errorf("template %s: %w", name, err)
		}
		set := t.byLanguage[tag]
		if set == nil {
			if set = template.New("").Option("missingkey=error"); tag != fallback {
				set = template.Must(t.byLanguage[fallback].Clone()) // what is not translated stays English
			}
			t.byLanguage[tag] = set
		}
		if _, err := set.New(base).Parse(string(text)); err != nil {
			return fmt.Errorf("template %s: %w", name, err)
		}
	}
	return nil
}

// try renders everything once, so that a mistake in a template stops the start and not a notice.
func (t *Templates) try() error {
	for tag := range t.byLanguage {
		for _, kind := range Kinds {
			f := Facts{Remaining: new(1), Reasons: []string{"new_device"}, Token: "token", Link: "https://example.com"}
			if _, err := t.Message(Notice{Kind: kind}, Person{Language: tag}, f); err != nil {
				return err
			}
		}
	}
	return nil
}

// Message puts a notice into words, in the person's language or the nearest there is.
func (t *Templates) Message(n Notice, p Person, f Facts) (Message, error) {
	var b strings.Builder
	data := struct {
		Facts
		Notice Notice
		Person Person
		When   string
	}{f, n, p, f.At.UTC().Format("2006-01-02 15:04 UTC")}
	if err := t.in(p.Language).ExecuteTemplate(&b, string(n.Kind), data); err != nil {
		return Message{}, fmt.Errorf("template %s: %w", n.Kind, err)
	}
	subject, text, _ := strings.Cut(strings.TrimLeft(b.String(), "\r\n"), "\n")
	return Message{Notice: n, Subject: line(subject, maxText), Text: strings.TrimLeft(text, "\n"), Person: p, Facts: f}, nil
}

// in finds the templates of a language: pt-br, else pt, else English.
func (t *Templates) in(tag string) *template.Template {
	for tag = strings.ToLower(tag); tag != ""; {
		if set := t.byLanguage[tag]; set != nil {
			return set
		}
		cut := strings.LastIndexByte(tag, '-')
		tag = tag[:max(cut, 0)]
	}
	return t.byLanguage[fallback]
}

// line is text as one line of at most n runes: names that people chose must not begin new headers or lines, nor hide
// what stands beside them.
func line(s string, n int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError:
			return '?'
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == '\u2028', r == '\u2029':
			return ' '
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if runes := []rune(s); len(runes) > n {
		s = string(runes[:n]) + "…"
	}
	return s
}
