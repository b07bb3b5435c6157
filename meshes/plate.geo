// A plate with three round holes, finer around them.
h = 1 / 5;
Point(1) = {0, 0, 0, h};
Point(2) = {2, 0, 0, h};
Point(3) = {2, 1, 0, h};
Point(4) = {0, 1, 0, h};
Line(1) = {1, 2};
Line(2) = {2, 3};
Line(3) = {3, 4};
Line(4) = {4, 1};
Curve Loop(1) = {1:4};
x[] = {0.4, 1, 1.6};
y[] = {0.5, 0.35, 0.6};
r[] = {0.2, 0.15, 0.1};
For i In {0:2}
  p = newp;
  Point(p) = {x[i], y[i], 0, r[i] / 2};
  For k In {1:4}
    Point(p + k) = {x[i] + r[i] * Cos(k * Pi / 2), y[i] + r[i] * Sin(k * Pi / 2), 0, r[i] / 2};
  EndFor
  c = newl;
  For k In {0:3}
    Circle(c + k) = {p + 1 + k, p, p + 1 + (k + 1) % 4};
  EndFor
  Curve Loop(10 + i) = {c, c + 1, c + 2, c + 3};
  holes[i] = 10 + i;
  Physical Curve(Sprintf("hole %g", i + 1), 11 + i) = {c, c + 1, c + 2, c + 3};
EndFor
Plane Surface(1) = {1, holes[]};
Physical Curve("bottom", 1) = {1};
Physical Curve("right", 2) = {2};
Physical Curve("top", 3) = {3};
Physical Curve("left", 4) = {4};
Physical Surface("plate", 1) = {1};
