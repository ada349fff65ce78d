#!/usr/bin/env python3
"""The documents as a site: docs/*.md, CONFIGURATION.md, CHANGELOG.md, ARCHITECTURE.md and the reference of the C headers.

    site.py [--without-api] [OUT]    builds it (in target/docs) and checks it; without the headers' reference that is doxygen's
    site.py --pictures OUT           a picture of each page by Chromium, in OUT-pictures

MkDocs makes the site, because it is installed in seconds from pinned packages (site/requirements.txt); mdBook's authors release
no package that is, and compiling it takes minutes. Pages are written for a reader of the repository. What a site wants otherwise is changed in a copy: links to files
outside of docs/ lead to pages that show those files, comments about command blocks go, and the wide table of
CONFIGURATION.md becomes one of two columns.

Checked are: each page of docs/ stands in the navigation (docs/mkdocs.yml), and the reverse; each has one title; MkDocs warns of
nothing; all links within the site lead somewhere, their anchors too.
"""
import argparse
import html
import html.parser
import os
import pathlib
import re
import shutil
import subprocess
import sys
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = ROOT / "capi-tests/text/site"
CACHE = pathlib.Path(os.environ.get("LRK_CACHE", ROOT / ".cache"))
# Pages that have their place outside of docs/.
ELSEWHERE = {"CONFIGURATION.md": "configuration.md", "CHANGELOG.md": "changelog.md", "ARCHITECTURE.md": "architecture.md"}
LANGUAGES = {".c": "c", ".h": "c", ".py": "python", ".js": "javascript", ".php": "php", ".sh": "bash", ".rs": "rust", ".go": "go",
             ".yml": "yaml", ".yaml": "yaml", ".json": "json", ".toml": "toml"}
# Made of README's section with the table of clients.
CLIENTS = "bindings.md"
# Tables wider than a column of text.
WIDE = {"bindings.md", "configuration.md", "differences.md", "prometheus.md", "statistics.md"}
LINK = re.compile(r"(\]\()(\.\./[^)#\s]+|[A-Z]+\.md)(#[^)\s]*)?\)")


class Failed(Exception):
    pass


def with_packages():
    """Goes on in a virtual environment that has MkDocs."""
    wanted = (HERE / "requirements.txt").read_text()
    venv = CACHE / "site/venv"
    mark = venv / ".requirements"
    if not mark.exists() or mark.read_text() != wanted:
        shutil.rmtree(venv, ignore_errors=True)
        make = f""". capi-tests/setup/lib.sh && need python3 python3 &&
            {{ python3 -c 'import venv, ensurepip' 2>/dev/null || apt_install python3-venv; }} && python3 -m venv '{venv}' &&
            '{venv}/bin/python' -m pip install -q --disable-pip-version-check --no-deps --no-compile -r '{HERE}/requirements.txt'"""
        if subprocess.run(["bash", "-c", make], cwd=ROOT, stdin=subprocess.DEVNULL, check=False).returncode:
            raise Failed("MkDocs cannot be installed")
        mark.write_text(wanted)
    if pathlib.Path(sys.prefix).resolve() != venv.resolve():
        os.execv(venv / "bin/python", [venv / "bin/python", *sys.argv])


class Stage:
    """The folder that MkDocs builds from."""

    def __init__(self, folder):
        self.pages, self.sources = folder / "pages", {}
        shutil.rmtree(folder, ignore_errors=True)
        self.pages.mkdir(parents=True)

    def page(self, path, name, text=None):
        text = text or path.read_text(encoding="utf-8")
        titles = re.findall(r"^# .+", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S), re.M)
        if len(titles) != 1:
            raise Failed(f"{path.name}: {len(titles)} titles")
        if name == "configuration.md":
            text = configuration(text)
        text = re.sub(r"^<!--.*?-->\n", "\n", text, flags=re.M | re.S)
        text = LINK.sub(lambda m: f"{m[1]}{self.target(path, m[2])}{m[3] or ''})", text)
        if name in WIDE:
            text = "---\nhide: [toc]\n---\n" + text
        (self.pages / name).write_text(text, encoding="utf-8")

    def target(self, page, link):
        """Where a link out of docs/ leads in the site."""
        path = (page.parent / link).resolve()
        try:
            name = str(path.relative_to(ROOT))
        except ValueError:
            raise Failed(f"{page.name}: {link} is outside of the repository") from None
        if name in ELSEWHERE:
            return ELSEWHERE[name]
        if name == "README.md":
            return "index.md"
        if name.startswith("docs/"):
            return name.removeprefix("docs/")
        if not path.exists():
            raise Failed(f"{page.name}: there is no {link}")
        return self.source(path, name)

    def source(self, path, name):
        """The page that shows a file, or lists a folder."""
        if name in self.sources:
            return self.sources[name]
        to = f"source/{name}.md" if path.is_file() else f"source/{name}/index.md"
        self.sources[name] = to
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            language = LANGUAGES.get(path.suffix, "text")
            text = f"---\nhide: [toc]\n---\n# {name}\n\n`````{language}\n{text.rstrip()}\n`````\n"
        else:
            here = [p for p in sorted(path.iterdir()) if p.is_file() and not p.name.startswith(".")]
            lines = [f"- [{p.name}]({os.path.relpath(self.source(p, f'{name}/{p.name}'), f'source/{name}')})" for p in here]
            text = f"# {name}\n\n" + "\n".join(lines) + "\n"
        (self.pages / to).parent.mkdir(parents=True, exist_ok=True)
        (self.pages / to).write_text(text, encoding="utf-8")
        return to


def configuration(text):
    """Its rows as name, range and default in one column, and what the property does in the other one."""
    out = []
    for line in text.splitlines():
        cells = [c.strip() for c in re.split(r"(?<!\\)\|", line)]
        if len(cells) != 6 or set(cells[0]) <= {"-"}:
            out += [line] if len(cells) != 6 else []
            continue
        name, side, span, default, importance, help_ = cells
        if name == "Property":
            out += ["| property | what it does |", "|---|---|"]
            continue
        side = {"P": "producers", "C": "consumers", "*": "producers, consumers"}[side]
        span = span.replace(" .. ", " to ")
        facts = [side, span, f"default `{default}`" if default else "", f"importance {importance}"]
        help_ = re.sub(r" <br>\*Type: (.*)\*$", r"<br>*\1*", help_)
        out.append(f"| <span class=\"property\" id=\"{name}\">`{name}`</span><br>{'<br>'.join(f for f in facts if f)} | {help_} |")
    return "\n".join(out) + "\n"


def clients():
    """The section of README that has the table of clients, as a page of docs/."""
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("\n## Clients that run on it\n", 1)
    if len(section) != 2:
        raise Failed("README.md: no section about clients")
    text = section[1].split("\n## ", 1)[0]
    text = re.sub(r"\]\((?![a-z]+:|#)", "](../", text)
    return f"# Clients that run on it\n{text}"


def navigation(yaml_text):
    """The pages that the navigation names."""
    return re.findall(r"^ *- [^:\n]+: (\S+\.md)$", yaml_text, re.M)


def stage(folder, api):
    to = Stage(folder)
    config = (ROOT / "docs/mkdocs.yml").read_text()
    named = navigation(config)
    if len(named) != len(set(named)):
        raise Failed("docs/mkdocs.yml: a page stands in the navigation twice")
    pages = {p.name: p for p in sorted((ROOT / "docs").glob("*.md"))}
    pages |= {name: ROOT / path for path, name in ELSEWHERE.items()}
    if wrong := sorted(set(pages) - set(named)):
        raise Failed(f"not in the navigation of docs/mkdocs.yml: {', '.join(wrong)}")
    for name in named:
        if name == CLIENTS and name not in pages:
            to.page(ROOT / "docs" / name, name, clients())
        elif name not in pages:
            raise Failed(f"docs/mkdocs.yml: there is no docs/{name}")
        else:
            to.page(pages[name], name)
    for path in sorted((ROOT / "docs").iterdir()):
        if path.is_dir():
            shutil.copytree(path, to.pages / path.name)
    shutil.copy(HERE / "site.css", to.pages)
    (folder / "mkdocs.yml").write_text(config)
    if api:
        shutil.copytree(api, to.pages / "api")
    else:
        (to.pages / "api").mkdir()
        for name in ("index", "globals", "annotated"):
            (to.pages / f"api/{name}.html").write_text("<title>Not built</title>Built by <code>make docs</code>.\n")
    return len(pages | {CLIENTS: None})


def doxygen(out):
    """The reference of the headers: what stands between two headings of a header is a group."""
    make = ". capi-tests/setup/lib.sh && need doxygen doxygen"
    if subprocess.run(["bash", "-c", make], cwd=ROOT, stdin=subprocess.DEVNULL, check=False).returncode:
        raise Failed("doxygen cannot be installed")
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    topics = []
    for name in ("rdkafka.h", "rdkafka_mock.h"):
        text, groups = grouped(name, (ROOT / "include" / name).read_text())
        (out / name).write_text(text)
        topics += [f" *\n * {name}:\n *", *(f" * - @ref {key} \"{title}\"" for key, title in groups)]
    (out / "main.dox").write_text("/** @mainpage The functions by topic\n" + "\n".join(topics) + "\n */\n")
    version = re.search(r'^version *= *"(.*)"', (ROOT / "Cargo.toml").read_text(), re.M)[1]
    settings = (HERE / "Doxyfile").read_text() + f"PROJECT_NUMBER = {version}\n"
    done = subprocess.run(["doxygen", "-"], input=settings, text=True, cwd=out, capture_output=True, check=False)
    if done.returncode or done.stderr.strip():
        raise Failed(f"doxygen:\n{done.stderr[:4000]}")
    return out / "html"


def grouped(name, text):
    """The header with its head as the file's text, and each heading (`/* Producing ---- */`) as the begin of a group; and the groups."""
    text = re.sub(r"\A/\*\n(.*?)\*/", rf"/** @file {name}\n\1*/", text, count=1, flags=re.S)
    # A function with a variable number of arguments stands where cbindgen puts what it copies.
    text = text.replace(" */\nRD_EXPORT rd_kafka_resp_err_t rd_kafka_producev(", " * @ingroup rdkafka_h_producing\n */\nRD_EXPORT rd_kafka_resp_err_t rd_kafka_producev(")
    at, out, groups = 0, [], []
    for match in re.finditer(r"^/\* ([A-Z0-9].*?) -{3,} \*/$", text, re.M):
        key = re.sub(r"\W+", "_", f"{name}_{match[1]}").lower()
        out += [text[at:match.start()], "/** @} */\n" if groups else "", f"/** @defgroup {key} {match[1]}\n * @{{ */"]
        at = match.end()
        groups.append((key, match[1]))
    # What closes extern "C", and the guard's end, belong to no group.
    end = text.rfind(";\n") + 2
    return "".join(out) + text[at:end] + "/** @} */\n" + text[end:], groups


class Page(html.parser.HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.ids, self.links, self.title, self.in_title = set(), [], "", False
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.ids.update(v for k in ("id", "name") if (v := attrs.get(k)))
        self.links += [v for k in ("href", "src") if (v := attrs.get(k))]
        self.in_title |= tag == "title"

    def handle_endtag(self, tag):
        self.in_title &= tag != "title"

    def handle_data(self, data):
        self.title += data if self.in_title else ""


def check(site):
    """All that is wrong with the links and titles of the site, and how many links were looked at."""
    pages = {p: Page(p) for p in site.rglob("*.html")}
    wrong, looked_at = [], 0
    for path, page in pages.items():
        name = path.relative_to(site)
        # Parts of doxygen's search, which its script puts in.
        if str(name).startswith("api/search/"):
            continue
        if not page.title.strip():
            wrong.append(f"{name} has no title")
        for link in page.links:
            to = urllib.parse.urlsplit(link)
            if to.scheme or to.netloc or link.startswith("javascript") or str(name) == "404.html":
                continue
            looked_at += 1
            file = (path.parent / urllib.parse.unquote(to.path)).resolve() if to.path else path
            file = file / "index.html" if file.is_dir() else file
            if not file.exists():
                wrong.append(f"{name}: {link} leads nowhere")
            elif to.fragment and file in pages and urllib.parse.unquote(to.fragment) not in pages[file].ids:
                wrong.append(f"{name}: {link} has no such place")
    return wrong, looked_at


def build(out, with_api):
    with_packages()
    if (done := subprocess.run([sys.executable, ROOT / "capi-tests/bench/plot.py", "check"], capture_output=True, text=True, check=False)).returncode:
        raise Failed(done.stderr.strip())
    work = CACHE / "site"
    folder = work / ("stage" if with_api else "stage-quick")
    count = stage(folder, doxygen(work / "api") if with_api else None)
    out.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run([sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--clean", "-f", folder / "mkdocs.yml", "-d", out],
                          capture_output=True, text=True, env=dict(os.environ, NO_MKDOCS_2_WARNING="1"), check=False)
    said = done.stdout + done.stderr
    if done.returncode:
        raise Failed(f"MkDocs:\n{said[-4000:]}")
    wrong, links = check(out)
    if wrong:
        raise Failed("\n".join(wrong[:60]))
    print(f"{count} pages, {links} links within them: {out}/index.html", flush=True)


def pictures(site):
    """Each page in a window of 1280 pixels, as long as the page is."""
    make = ". capi-tests/setup/lib.sh && need chromium chromium"
    if subprocess.run(["bash", "-c", make], cwd=ROOT, stdin=subprocess.DEVNULL, check=False).returncode:
        raise Failed("Chromium cannot be installed")
    to = site.parent / f"{site.name}-pictures"
    to.mkdir(exist_ok=True)
    some = [site / f"api/{name}.html" for name in ("index", "group__rdkafka__h__producing", "structrd__kafka__message__s")]
    for page in [*sorted(site.glob("*.html")), *some]:
        picture = to / f"{'-'.join(page.relative_to(site).with_suffix('').parts)}.png"
        subprocess.run(["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--allow-file-access-from-files",
                        f"--screenshot={picture}", "--window-size=1280,2400", page.as_uri()],
                       stdin=subprocess.DEVNULL, capture_output=True, timeout=300, check=False)
        print(picture if picture.exists() else f"no picture of {page.name}", flush=True)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    arguments.add_argument("--without-api", action="store_true")
    arguments.add_argument("--pictures", action="store_true")
    arguments.add_argument("out", nargs="?", type=pathlib.Path, default=ROOT / "target/docs", metavar="OUT")
    wanted = arguments.parse_args()
    try:
        if wanted.pictures:
            pictures(wanted.out.resolve())
        else:
            build(wanted.out.resolve(), not wanted.without_api)
    except Failed as why:
        sys.exit(f"FAILED: {why}")


main()
