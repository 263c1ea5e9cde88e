"""Makes `../record.zdict`, the dictionary of a record's zstd frame: tables for how often bytes come, and what texts begin with.

    pip install zstandard==0.25.0; python schemas/dictionary/make.py

Trained on the bodies of records of made-up classes on platforms that name things in different ways. The file is part of
the format: another one is another form of record.
"""

import pathlib
import random
import uuid

import zstandard
from body import body

BYTES = 4096
SAMPLES = 6000
WORDS = """
    a as o os um uma de do da dos das em no na nos nas por para com sem sobre entre que se é são não como mais ou e ao à
    aula módulo unidade capítulo semana tópico introdução revisão exercícios atividade prova questão teste tarefa fórum vídeo
    leitura resumo projeto parte conceitos fundamentos princípios métodos história análise cálculo dados sistema função
    energia sociedade educação saúde direito gestão língua português matemática ciência qual quais quando onde assinale
    alternativa correta incorreta afirmação escreva explique calcule compare defina verdadeiro falso
    the of and to in for with on which what how following is are lesson unit week chapter introduction review quiz question
    exercise video part true false answer choose best explain
    el la los las del una con por unidad introducción pregunta cuál ejercicio
""".split()
NAMES = "alfa beta norte sul central aberta federal nova santa campus escola instituto faculdade saber mundo ponte vale".split()
RATES = [1.0] * 12 + [0.75, 1.25, 1.25, 1.5, 1.5, 1.5, 1.75, 2.0, 2.0]
ZONES = [-180] * 12 + [-240, -300, 0, 0, 60, -360]
PORTUGUESE_ZONES = 12
EPOCH = 1_780_000_000_000


def digits(chance, count):
    return f"{chance.getrandbits(4 * count):0{count}x}"


def sentence(chance, least, most):
    return " ".join(chance.choice(WORDS) for _ in range(chance.randint(least, most))).capitalize()


def random_uuid(chance):
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))


class Platform:
    """Names of one platform's courses, objects and sessions."""

    def __init__(self, chance):
        self.chance = chance
        name = chance.choice(NAMES) + chance.choice(NAMES)
        self.host = "https://" + chance.choice(["ead.{}.edu.br", "moodle.{}.br", "ava.{}.com.br", "learn.{}.edu"]).format(name)
        self.organisation = name.capitalize()
        self.of = chance.choice([self.edx, self.edx, self.moodle, self.canvas, self.plain, self.plain, self.plain])
        self.session = chance.choice([
            lambda: random_uuid(chance), lambda: random_uuid(chance), lambda: digits(chance, 16), lambda: digits(chance, 32),
        ])

    def edx(self):
        run = f"{self.organisation}+{self.code()}+{self.chance.randint(2024, 2028)}_{self.chance.randint(1, 2)}"
        block = lambda kind: f"block-v1:{run}+type@{kind}+block@{digits(self.chance, 32)}"
        return f"course-v1:{run}", lambda: block("video"), lambda: block("problem"), lambda quiz, at: f"{quiz}_{at + 1}_1"

    def moodle(self):
        place = lambda kind: f"{self.host}/{kind}/view.php?id={self.chance.randint(2, 99_999)}"
        question = lambda quiz, at: f"{self.host}/question/question.php?cmid={quiz.split('=')[1]}&id={100 + at}"
        video = lambda: self.chance.choice([place("mod/hvp"), place("mod/h5pactivity"), place("mod/url"), self.hosted()])
        return place("course"), video, lambda: place("mod/quiz"), question

    def canvas(self):
        name = lambda kind: f"urn:instructure:canvas:{kind}:{self.chance.randint(10**12, 10**14)}"
        return name("course"), self.hosted, lambda: name("assignment"), lambda quiz, at: f"{quiz}:{at + 1}"

    def plain(self):
        course = self.code().lower()
        join = self.chance.choice("-_/.")
        year = self.chance.choice(["", f"{join}2026{join}{self.chance.randint(1, 2)}", f"{join}turma{join}{digits(self.chance, 1)}"])
        number = lambda: f"{self.chance.randint(1, 40):02}"
        video = lambda: f"{self.chance.choice([course, 'aula', 'video', 'unidade'])}{join}v{number()}"
        quiz = lambda: f"{self.chance.choice([course, 'prova', 'quiz', 'atividade'])}{join}q{self.chance.randint(1, 20)}"
        return course + year, video, quiz, lambda quiz, at: f"{quiz}{join}p{at + 1}"

    def hosted(self):
        letters = "".join(self.chance.choices("abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ0123456789-_", k=11))
        return self.chance.choice([
            f"https://www.youtube.com/watch?v={letters}", f"https://vimeo.com/{self.chance.randint(10**7, 10**9)}",
            f"{self.host}/videos/{random_uuid(self.chance)}", random_uuid(self.chance),
        ])

    def code(self):
        return "".join(self.chance.choices("ABCDEFGHILMNOPQRSTU", k=3)) + str(self.chance.randint(1, 499)).zfill(3)


class Course:
    def __init__(self, platform):
        chance = platform.chance
        self.course, video, quiz, self.question = platform.of()
        self.videos = [(video(), chance.randint(90, 2_700) * 1000 + 100 * chance.choice([0, 0, chance.randrange(10)]),
                        sentence(chance, 2, 7)) for _ in range(chance.randint(2, 8))]
        self.quizzes = [(quiz(), [sentence(chance, 4, 14) for _ in range(10)]) for _ in range(3)]


class Learner:
    """At one video or quiz at a time, one event after the other."""

    def __init__(self, chance, platform, courses):
        self.chance, self.platform = chance, platform
        self.course = chance.choice(courses)
        self.who = chance.randbytes(16)
        self.acts = self.watching() if chance.random() < 0.85 else self.answering()

    def watching(self):
        chance = self.chance
        video, length, title = chance.choice(self.course.videos)
        of = {"session": self.platform.session(), "object": video, "length": length}
        beat, rate = chance.choice([5, 10, 10, 15, 20, 30, 30]) * 1000, chance.choice(RATES)
        position = chance.choice([0, chance.randrange(length)])
        yield 0, of | {"type": chance.choice(["played", "initialized"]), "position": position, "title": title}
        while position < length:
            if chance.random() < 0.12:
                kind = chance.choice(["paused", "seeked", "played"])
                to = {"to": chance.randrange(length)} if kind == "seeked" else {}
                yield chance.randrange(9_000), of | {"type": kind, "position": position} | to
                position = to.get("to", position)
            after = min(position + round(beat * rate) + chance.choice([0, chance.randint(-400, 400)]), length)
            yield beat, of | {"type": "watched", "position": position, "to": max(after, position), "rate": rate}
            position = max(after, position + 1)
        yield 300, of | {"type": chance.choice(["completed", "terminated"]), "position": length}

    def answering(self):
        chance = self.chance
        quiz, titles = chance.choice(self.course.quizzes)
        session, most = self.platform.session(), chance.choice([1.0, 1.0, 2.0, 5.0, 10.0])
        for at, title in enumerate(titles):
            right = chance.random() < 0.6
            taken = chance.randint(50, 1_800) * 100
            response = chance.choice([
                chance.choice("abcde"), chance.choice("abcde"), f"choice_{chance.randrange(5)}", chance.choice(["true", "false"]),
                str(chance.randrange(200)), sentence(chance, 1, 4),
            ])
            yield taken, {
                "type": "answered", "session": session, "object": quiz, "question": self.course.question(quiz, at),
                "title": title, "attempt": chance.choice([1, 1, 1, 2]), "response": response, "right": right,
                "score": most if right else 0.0, "max_score": most, "elapsed": taken,
            }


def events(chance):
    """Some minutes of the learners of a bucket, in order of arrival."""
    platform = Platform(chance)
    courses = [Course(platform) for _ in range(chance.randint(1, 5))]
    zone, protocol = chance.choice(ZONES), chance.choice([0, 0, 1, 1, 2, 3])
    has_source = chance.random() < 0.2
    late = chance.choice([lambda: 0, lambda: chance.randint(20, 400), lambda: chance.randint(100, 5_000)])
    all_events = []
    first = chance.choice([0, 0, 1, 7]) << 4
    for _ in range(chance.choice([1, 1, 2, 4, 8, 12, 20, 40])):
        learner = Learner(chance, platform, courses)
        learner.who = bytes([first & 0xff, learner.who[1] & 0x0f]) + learner.who[2:]
        at = EPOCH + chance.randrange(10**10) * (not all_events) or all_events[0]["time"] + chance.randrange(60_000)
        for pause, event in learner.acts:
            at += pause
            source = {"source": f"{digits(chance, 6)}-{len(all_events)}"} if has_source else {}
            all_events.append(event | source | {
                "learner": learner.who, "course": learner.course.course, "time": at, "arrival": at + late(), "zone": zone,
                "protocol": protocol,
            })
    all_events.sort(key=lambda event: event["arrival"])
    start = chance.randrange(len(all_events))
    return all_events[start:start + chance.choice([3, 5, 10, 10, 20, 40])]


def main():
    chance = random.Random(1)
    bodies = [body(chance.choice(NAMES), events(chance)) for _ in range(SAMPLES)]
    dictionary = zstandard.train_dictionary(BYTES, bodies, level=1, dict_id=1)
    (pathlib.Path(__file__).parents[1] / "record.zdict").write_bytes(dictionary.as_bytes())


if __name__ == "__main__":
    main()
