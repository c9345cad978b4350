#!/usr/bin/python3
# Compares the messages that users can get, as the sources have them, with the
# manual page that explains each: prints what only one of the two has.
# SPDX-License-Identifier: BSD-2-Clause
#
#   messages.py [--list] TOP
#
# TOP is a checkout. With --list: prints where each message is, and its text.
# Exit status 1 if there is a difference.
#
# A message is the format of a call that prints one, or the reason that a
# function returns for its caller to print. An entry of the page is a line of a
# verbatim paragraph: a message, with words in angle brackets for what differs.

import pathlib
import re
import sys

PAGE = 'xl-config/xl-static-shared-memory-errors.7.pod'
SOURCES = ('xl-config/*.c', 'tools-libxl-patches/*.c', 'xenstore-schema/*.c')
PATCHES = 'tools-libxl-patches/*.patch'

# Calls whose first literal argument is a message; what their arguments match.
CALLS = {
    'fail': '',
    'LOGE?V?D?': '(?!DEBUG|VERBOSE|DETAIL)',
    'SHARED_MEM_LOG': '',
    'snprintf': '(reason|problem)',
    'fprintf': r'(stderr|\w+->report)\b',
    'perror': '',
    'die': '',
    'g?d?printk': '',
}

STRING = r'"(?:\\.|[^"\\\n])*"'
LITERAL = re.compile(rf'\s*{STRING}(?:\s*(?:{STRING}|PRI\w+))*\s*')
COMMENT = re.compile(rf"({STRING}|'(?:\\.|[^'\\\n])+')|/\*.*?\*/|//[^\n]*", re.S)
CONVERSION = re.compile(r'(?:0x)?%[-#0 ]*[\d*]*(?:\.[\d*]+)?(?:hh?|ll?|z)?[a-zA-Z]')


class Message:
    """One message: its text in C, and what of it is fixed."""

    def __init__(self, place, text):
        self.place = place
        self.text = text.strip()
        self.fixed = [part.replace('\0', '%') for part in
                      CONVERSION.split(self.text.replace('%%', '\0'))]

    def says_something(self):
        return re.search('[A-Za-z]', ''.join(self.fixed))

    def fits(self, entry, literals):
        """Whether the entry is this message. A conversion stands for <WORDS>,
        a number, or another literal of the sources."""
        if not all(part in entry for part in self.fixed):
            return False
        words = '|'.join(re.escape(word) for word in literals if word in entry)
        argument = rf'(?:<[^<>]*>|\d+|{words})'
        return re.fullmatch(argument.join(map(re.escape, self.fixed)), entry)


def without_comments(text):
    """The same lines, with nothing where comments were."""
    return COMMENT.sub(lambda m: m[1] or '\n' * m[0].count('\n'), text)


def joined(literal):
    """The text of adjacent literals, and of PRIx64 and its like between them."""
    parts = re.findall(rf'{STRING}|PRI\w+', literal)
    text = ''.join('u' if part.startswith('PRI') else part[1:-1] for part in parts)
    return re.sub(r'\\(.)', lambda m: {'n': '\n', 't': '\t'}.get(m[1], m[1]), text)


def arguments(text, start):
    """What is between commas from start, behind a '(', up to its ')', and where
    each begins; then where the last one ends."""
    depth, begin, found = 0, start, []
    for token in re.finditer(rf'{STRING}|[(),]', text[start:]):
        at = start + token.start()
        if token[0] == '(':
            depth += 1
        elif token[0] == ')' and depth:
            depth -= 1
        elif token[0] in ',)' and not depth:
            found.append((begin, text[begin:at]))
            begin = at + 1
            if token[0] == ')':
                break
    return found, begin


def in_calls(text):
    """The messages of calls, each with its offset in the text."""
    for name, condition in CALLS.items():
        for call in re.finditer(rf'\b({name})\s*\(', text):
            args, end = arguments(text, call.end())
            is_definition = text[end:].lstrip().startswith('{')
            if not args or is_definition or not re.match(condition, args[0][1].strip()):
                continue
            literals = [(at, joined(arg)) for at, arg in args if LITERAL.fullmatch(arg)]
            at, message = literals[0] if literals else (call.start(), None)
            if message and name == 'die':
                name_of = joined(args[1][1]) or '%s'
                message = f'libxl-shared-mem-keeper: {message} {name_of}: %s'
            yield at, message


def in_reasons(text):
    """The strings that a function returns, or chooses as the reason: as they
    are, or by GCSPRINTF(). A single word is something else."""
    statement = rf'\b(?:return|(?:reason|problem)\s*=)((?:{STRING}|[^;"])*);'
    for found in re.finditer(statement, text):
        depth = 0
        for token in re.finditer(rf'{LITERAL.pattern}|[()]', found[1]):
            depth += {'(': 1, ')': -1}.get(token[0], 0)
            is_format = found[1][:token.start()].endswith('GCSPRINTF(')
            if ' ' in joined(token[0]) and (not depth or is_format):
                yield found.start(1) + token.start(), joined(token[0])


def messages_of(path, text, lines):
    """lines: the number of each line of the text, or None for one that is not
    to be looked at by itself."""
    for at, message in [*in_calls(text), *in_reasons(text)]:
        at += len(text[at:]) - len(text[at:].lstrip())
        number = lines[text.count('\n', 0, at)]
        if number and message is None:
            sys.exit(f'{path}:{number}: the text of this message is not here')
        if number:
            yield Message(f'{path}:{number}', message)


def hunks(patch):
    """Each hunk of C: its text after the patch, and the numbers of the added
    lines, but for those whose text was in the hunk before."""
    text, lines, before, is_c = [], [], [], False
    for number, line in enumerate([*patch.splitlines(), '@@'], 1):
        if line.startswith(('@@', 'diff ')):
            old = set(LITERAL.findall('\n'.join(before)))
            yield '\n'.join(text), [
                None if old & set(LITERAL.findall(added)) else place
                for added, place in zip(text, lines)]
            text, lines, before = [], [], []
        elif line.startswith('+++ '):
            is_c = line.endswith(('.c', '.h', '.l', '.y'))
        elif is_c and line[:1] in ('+', ' '):
            text.append(line[1:])
            lines.append(number if line[0] == '+' else None)
        elif is_c and line[:1] == '-':
            before.append(line[1:])


def sources(top):
    """Each piece of source: its file, its text, and its lines' numbers."""
    for pattern in SOURCES:
        for file in sorted(top.glob(pattern)):
            text = file.read_text()
            yield (file.relative_to(top), without_comments(text),
                   range(1, text.count('\n') + 2))
    for file in sorted(top.glob(PATCHES)):
        for text, lines in hunks(file.read_text()):
            yield file.relative_to(top), without_comments(text), lines


def entries(page):
    for number, line in enumerate(page.splitlines(), 1):
        if line.startswith('    '):
            yield number, line.strip()


def main(top):
    messages, literals = [], set()
    for path, text, lines in sources(top):
        messages += [m for m in messages_of(path, text, lines) if m.says_something()]
        literals |= {joined(found[0]) for found in LITERAL.finditer(text)}

    if '--list' in sys.argv:
        for message in messages:
            print(f'{message.place}: {message.text}')
        return 0

    wrong, explained = [], set()
    for number, entry in entries((top / PAGE).read_text()):
        # The one that fixes most of it: "%s must be %s" fits a lot.
        fitting = [m for m in messages if m.fits(entry, literals)]
        if fitting:
            explained.add(max(fitting, key=lambda m: len(''.join(m.fixed))).text)
        else:
            wrong.append(f'{PAGE}:{number}: in no source: {entry}')
    name = pathlib.Path(PAGE).name
    wrong += [f'{m.place}: not in {name}: {m.text}'
              for m in messages if m.text not in explained]

    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main(pathlib.Path(sys.argv[-1])))
