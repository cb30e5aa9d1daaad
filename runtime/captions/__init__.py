"""What may truthfully be said of a motion. Words and labels are data: the .json and .csv files beside these modules.

captions.py        captions of a clip, and the windows in which they are true
describe.py        measurements that they rest on; local_pose.py: a body as itself sees it
phrases.py         hand-written phrases and their forms; sentences.py: whole sentences read, and said otherwise
actions.py         which action a sentence names
contradictions.py  what a sentence says and the joints do not show
opposites.py       captions made false on purpose
marked.py          sentences in which is marked what is done: clauses_train.txt, clauses_val.txt
"""
