"""How other tools write down what a picture was made with, a module for each family of them.

A reader takes the texts of a file by their keywords, and gives the settings by a recipe's names with `tool`: who
made it. Nothing where there is nothing of its own, or nothing that makes sense.
"""
