"""Models whose chat template is an attack: the model is refused at load, or its requests are, each
within a second of processor time; nothing of the host is reached."""
import tempfile
import unittest

import tiny_model
from engine import Engine, EngineTestCase, Refused

# Templates that a request can show to be harmless: 400, or an answer that took no time.
COSTLY = [
    ("endless loop", "{% for i in range(10**9) %}x{% endfor %}"),
    ("loops inside each other", "{% for a in range(9999) %}{% for b in range(9999) %}"
                                "{% for c in range(9999) %}{% endfor %}{% endfor %}{% endfor %}"),
    ("recursive macro", "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}"),
    ("a gigabyte by repeating", "{{ 'x' * 1000000000 }}"),
    ("doubling", "{% set ns = namespace(s='x') %}{% for i in range(40) %}"
                 "{% set ns.s = ns.s + ns.s %}{% endfor %}{{ ns.s }}"),
    ("doubling a list", "{% set ns = namespace(s=[1]) %}{% for i in range(40) %}"
                        "{% set ns.s = ns.s + ns.s %}{% endfor %}{{ ns.s | length }}"),
    ("a huge range as a list", "{{ range(10**9) | list | length }}"),
    ("wide formatting", "{{ '%1000000000d' % 5 }}"),
    ("wide justification", "{{ 'x'.rjust(1000000000) }}{{ 'x' | center(1000000000) }}"),
    ("indent of everything", "{{ ('\\n' * 100000) | indent(100000) }}"),
    ("replacement that grows", "{{ ('x' * 100000) | replace('x', 'x' * 100000) }}"),
    ("a power", "{{ 10 ** 10 ** 9 }}"),
    ("sorting again and again", "{% for i in range(999) %}{{ range(9999) | sort | join }}{% endfor %}"),
]
# Ways out of Jinja sandboxes in Python. None may print anything of the host.
ESCAPES = [
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ lipsum.__globals__['os'].popen('id').read() }}",
    "{{ self._TemplateReference__context.cycler.__init__.__globals__ }}",
    "{{ request.application.__globals__.__builtins__.__import__('os').popen('id').read() }}",
    "{{ messages.__class__.__base__ }}",
    "{{ ''|attr('__class__')|attr('__mro__') }}",
    "{{ get_flashed_messages.__globals__ }}",
    "{{ config.items() }}",
    "{% include '/etc/passwd' %}",
    "{% import '/etc/passwd' as p %}{{ p }}",
    "{% extends '/etc/passwd' %}",
    "{{ raise_exception.__globals__ }}",
    "{{ namespace.__init__.__globals__ }}",
    "{{ strftime_now('%1000000000d') }}",
]
# Refused at load, in one line.
NO_TEMPLATES = [
    ("6,000 parentheses", "{{ " + "(" * 6000 + "1" + ")" * 6000 + " }}"),
    ("6,000 lists", "{{ " + "[" * 6000 + "]" * 6000 + " }}"),
    ("6,000 conditions", "{% if 1 %}" * 6000 + "{% endif %}" * 6000),
    ("6,000 signs", "{{ " + "-" * 6000 + "1 }}"),
    ("6,000 nots", "{{ " + "not " * 6000 + "1 }}"),
    ("6,000 filters", "{{ 'x'" + "|upper" * 6000 + " }}"),
    ("6,000 attributes", "{{ messages" + ".a" * 6000 + " }}"),
    ("a megabyte", "{{ 1 }}" * 150_000),
    ("cut short", "{% for m in messages %}"),
    ("unknown statement", "{% exec 'id' %}"),
]


class Templates(unittest.TestCase):
    def test_costly_and_escaping_templates(self):
        cases = COSTLY + [(template, template) for template in ESCAPES]
        for name, template in cases:
            with self.subTest(name=name), tempfile.TemporaryDirectory() as folder:
                tiny_model.write(folder, template)
                self.check_served(folder)

    def check_served(self, folder):
        try:
            engine = Engine(model=folder, memory_limit=4 << 30).start()
        except Refused as refusal:  # at load
            self.assertIn("template", refusal.stderr)
            return
        with engine:
            before = engine.usage.cpu_seconds()
            reply = engine.chat(max_tokens=1)
            self.assertLess(engine.usage.cpu_seconds() - before, 2)
            self.assertLess(engine.usage.peak_rss_bytes(), 1 << 30)
            if reply.status == 200:
                self.assertLess(reply.json["usage"]["prompt_tokens"], 200)
            else:
                EngineTestCase.assert_refused(self, reply)
            text = engine.post("/tokenize", {"messages": [{"role": "user", "content": "Hi"}]})
            for betrayed in (b"uid=", b"root:", b"<class", b"<function"):
                self.assertNotIn(betrayed, reply.body + text.body)
            self.assertEqual(engine.complete().status, 200)

    def test_what_does_not_parse_is_refused_at_load(self):
        for name, template in NO_TEMPLATES:
            with self.subTest(name=name), tempfile.TemporaryDirectory() as folder:
                tiny_model.write(folder, template)
                try:
                    engine = Engine(model=folder, memory_limit=4 << 30).start()
                except Refused as refusal:
                    self.assertIn("template", refusal.stderr)
                else:  # deep, but within the parser's limits
                    with engine:
                        self.assertIn(engine.chat(max_tokens=1).status, (200, 400))

    def test_the_templates_own_words_reach_the_client(self):
        with tempfile.TemporaryDirectory() as folder:
            tiny_model.write(folder, "{{ raise_exception('roles must alternate') }}")
            with Engine(model=folder) as engine:
                reply = engine.chat()
                EngineTestCase.assert_refused(self, reply, "messages")
                self.assertIn("roles must alternate", reply.json["error"]["message"])

    def test_what_a_user_says_is_no_template(self):
        with Engine() as engine:
            body = {"messages": [{"role": "user", "content": "{{ 7 * 7 }}{% for %}"}]}
            tokens = engine.post("/tokenize", body).json["tokens"]
            text = engine.post("/detokenize", {"tokens": tokens}).json["prompt"]
            self.assertIn("{{ 7 * 7 }}{% for %}", text)


if __name__ == "__main__":
    unittest.main()
