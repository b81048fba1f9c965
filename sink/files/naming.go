package files

import (
	"errors"
	"io/fs"
	"os"
	"regexp"
)

// nameAll gives the output's file and those beside it their names, in an order in which no
// moment, and no crash, shows rows beside what another run has told of its own. What an earlier
// run has left beside the file goes first. If the name is new, what belongs beside the file
// comes before it: whoever waits for the file finds all of it. If the name is taken the file
// changes first, as the old rows are not what the new companions tell of.
func (o *Output) nameAll() error {
	if o.file.Regular() {
		if err := o.forget(); err != nil {
			return err
		}
		if _, err := os.Lstat(o.file.name); err == nil {
			if err := o.file.Commit(); err != nil {
				return err
			}
		}
	}
	for i := range o.sides {
		if err := o.sides[i].file.Commit(); err != nil {
			return err
		}
	}
	return o.file.Commit() // which does nothing if it was committed
}

// forget removes what an earlier run has put beside the file that is to be replaced, whether
// this run has its like or not.
func (o *Output) forget() error {
	gone := false
	for _, suffix := range besides {
		name := o.file.name + suffix
		for i := range o.sides {
			if s := &o.sides[i]; s.path == o.target.Path+suffix {
				name = s.file.name // behind a link
			}
		}
		info, err := os.Lstat(name)
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return o.file.named("replace", err)
		}
		gone = true
	}
	if !gone {
		return nil
	}
	return o.file.named("sync", syncDir(o.file.name))
}

// commitFirst gives the output's file the first name, of n = 1 and so on, that is free, as
// are those of what lies beside it; it returns the n. Nothing is replaced.
func (o *Output) commitFirst(name func(n int) string) (int, error) {
	for i := range o.sides {
		if err := o.sides[i].file.seal(); err != nil {
			return 0, err
		}
	}
	if err := o.file.seal(); err != nil {
		return 0, err
	}
	for n := 1; n <= mostNames; n++ {
		err := o.commitAs(name(n))
		if err == nil || !errors.Is(err, fs.ErrExist) {
			return n, err
		}
	}
	return 0, o.file.named("rename", fs.ErrExist)
}

// commitAs gives the files a name if all of them can have it, the companions first; otherwise
// all keep their temporary names, and the error is fs.ErrExist.
func (o *Output) commitAs(name string) (err error) {
	done := 0
	defer func() {
		for i := range done {
			if s := &o.sides[i]; err != nil {
				back := s.file.named("rename", os.Rename(name+s.path[len(o.target.Path):], s.was))
				if err = errors.Join(err, back); back == nil {
					s.file.temp = s.was
				}
			}
		}
	}()
	if _, e := os.Lstat(name); e == nil {
		return o.file.named("rename", fs.ErrExist)
	}
	for i := range o.sides {
		s := &o.sides[i]
		s.was = s.file.temp
		if err := s.file.rename(name+s.path[len(o.target.Path):], false); err != nil {
			return err
		}
		done++
	}
	return o.file.rename(name, false)
}

// temporary are the names under which files are written before they are complete.
var temporary = regexp.MustCompile(`^\.(.+)\.tmp-[0-9]+-[0-9a-f]{8}$`)

// TemporaryOf is the name, without its directory, that a file of this temporary name is to have
// once it is complete; "" of any other name.
func TemporaryOf(name string) string {
	m := temporary.FindStringSubmatch(name)
	if m == nil {
		return ""
	}
	return m[1]
}
