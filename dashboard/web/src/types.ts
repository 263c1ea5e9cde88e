// The read API's answers, as dashboard/src/api.rs defines them.

export interface CourseSummary {
  course: string;
  title: string | null;
  learners: number;
  active_5m: number;
  active_today: number;
}

export interface CourseList {
  as_of: string;
  processed_to: string | null;
  courses: CourseSummary[];
}

export interface Minute {
  minute: string;
  active: number;
}

export interface Course {
  course: string;
  title: string | null;
  zone: string;
  learners: number;
  active_5m: number;
  active_today: number;
  active_7d: number;
  minutes: Minute[];
}

export interface DropOff {
  bin: number;
  second: number;
  lost: number;
}

export interface Video {
  video: string;
  title: string | null;
  length: number | null;
  threshold: number;
  viewers: number;
  plays: number;
  completed: number | null;
  completion_rate: number | null;
  average_coverage: number | null;
  content_time: number;
  watch_time: number;
  bins: { width: number; views: number[]; viewers: number[] };
  rewatches: number[];
  retention: number[];
  drop_off: DropOff | null;
}

export interface ResponseCount {
  response: string;
  learners: number;
}

export interface Mark {
  code: "facility_low" | "facility_high";
  value: number;
  limit: number;
}

export interface Question {
  quiz: string;
  quiz_title: string | null;
  question: string;
  title: string | null;
  learners: number;
  attempts: number;
  attempts_per_learner: { attempts: number; learners: number }[];
  facility: number | null;
  final_facility: number | null;
  correct_first_attempt: number | null;
  responses_first: ResponseCount[];
  responses_first_other: number;
  responses_last: ResponseCount[];
  responses_last_other: number;
  elapsed: { median: number | null; histogram: { seconds: number; attempts: number }[] };
  marks: Mark[];
}

export interface CourseViews {
  as_of: string;
  processed_to: string | null;
  stale: boolean;
  course: Course;
  videos: Video[];
  questions: Question[];
}

export interface Session {
  instructor: string;
  tenant: string;
  courses: string[] | null;
}
