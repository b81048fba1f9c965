#!/usr/bin/env python3
"""Learns classes from one labelled table and tells those of another.

    ./train.py TRAIN.parquet TEST.parquet

Who talks to whom, on which port and when is left out, so that the model has to learn what traffic
looks like and not where it goes. It needs pyarrow, pandas and scikit-learn.
"""
import sys

import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import classification_report, confusion_matrix

# The 5-tuple, and what follows from it or from the clock.
LEFT_OUT = ('ip', 'port', 'mac', 'ttl', 'time_first', 'time_last', 'start_time', 'end_time', 'flow_id', 'input', 'ip_id', 'entropy_ports')


def table(path):
    t = pd.read_parquet(path)
    named = [c for c in t.columns if not any(c == w or f'_{w}' in f'_{c}' for w in LEFT_OUT)]
    x = t[named].select_dtypes(['number', 'bool']).astype(float).fillna(-1)
    return x, t['label']


x, y = table(sys.argv[1])
x2, y2 = table(sys.argv[2])
model = RandomForestClassifier(200, random_state=1).fit(x, y)
got = model.predict(x2[x.columns])
classes = sorted(set(y) | set(y2))
print(f'{len(x)} flows to learn from, {len(x2)} others, {x.shape[1]} columns\n')
print(classification_report(y2, got, labels=classes, digits=4, zero_division=0))
print('rows are what flows are, columns what the model says\n')
print(pd.DataFrame(confusion_matrix(y2, got, labels=classes), index=classes, columns=classes).to_string())
print('\nwhat it looks at most')
for weight, name in sorted(zip(model.feature_importances_, x.columns), reverse=True)[:10]:
    print(f'  {weight:.3f} {name}')
