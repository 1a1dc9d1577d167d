"""How many neighbours to ask: nearest neighbours on digits, cross-validated, by two distances.

CS231n, image classification. Training remembers the images; k and the distance are chosen on folds of the training
data, and the test data is looked at once. Beside them two linear classifiers, which keep one template for each digit
instead of all images.

Run: python examples/38_neighbors.py [folder] [--quick]
"""

import viz
from autograd_cnn import data, models
from viz.scripts import arguments

given = arguments(__doc__)
folder, quick = given.folder, given.quick

digits = data.digits((0.7, 0, 0.3))
ks = (1, 3, 5, 10, 20, 50, 100)
folds = data.stratified_folds(digits.train, 3 if quick else 5)

found = {distance: models.cross_validate(digits.train, ks, folds, distance=distance) for distance in ("l1", "l2")}
for distance, result in found.items():
    print(f"{distance}, {len(folds)} folds\n{result}\nbest: k = {result.best}")
distance = max(found, key=lambda name: found[name].mean.max())
viz.cross_validation(found[distance], title=f"Neighbours on digits, {distance.upper()} distance").save(
    folder / "neighbors.svg"
)

chosen = models.NearestNeighbors(found[distance].best, distance).fit(digits.train)
print(f"{chosen}: test accuracy {chosen.accuracy(digits.test):.1%}")

epochs = 10 if quick else 60
templates = {}
for classifier, lr in ((models.LinearSVM(regularization=1e-3), 0.02), (models.SoftmaxClassifier(1e-3), 0.5)):
    name = type(classifier).__name__
    classifier.fit(digits.train, epochs=epochs, lr=lr, rng=0)
    print(f"{name}: test accuracy {classifier.accuracy(digits.test):.1%}")
    templates[name] = classifier.templates
facts = ("The weights of each digit's score: blue wants ink, orange wants none.",)
viz.images(templates, title="Templates of linear classifiers", captions=range(10), columns=5, facts=facts).save(
    folder / "templates.svg"
)
