using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.ArcFace.Names;

namespace Microsoft.ML.ArcFace.Gallery;

/// <summary>Everybody in memory, with the vectors that are searched. Not synchronised: many may read, or one may change it.</summary>
internal sealed class GalleryMemory(int embeddingSize, PersonAggregation aggregation, bool searchInHalfPrecision)
{
    private readonly Dictionary<string, PersonEntry> _people = new(StringComparer.Ordinal);
    /// <summary>The people by ids in one Unicode form; older galleries may have two whose ids differ in their forms alone, of whom the first is here.</summary>
    private readonly Dictionary<string, PersonEntry> _peopleInOneForm = new(StringComparer.Ordinal);
    private readonly Dictionary<string, PhotographEntry> _photographs = new(StringComparer.Ordinal);

    /// <summary>The vectors that a face is compared with.</summary>
    public VectorTable Vectors { get; } = new(embeddingSize, searchInHalfPrecision);

    public IReadOnlyCollection<PersonEntry> People => _people.Values;

    public int PhotographCount => _photographs.Count;

    /// <summary>Finds the person with the id, or with one that differs in its Unicode form alone; null: nobody.</summary>
    public PersonEntry? FindPerson(string id) => _people.GetValueOrDefault(id) ?? _peopleInOneForm.GetValueOrDefault(UnicodeNames.Compose(id));

    /// <summary>Tells whether somebody has this very id.</summary>
    public bool HasPerson(string id) => _people.ContainsKey(id);

    public PhotographEntry? FindPhotograph(string id) => _photographs.GetValueOrDefault(id);

    /// <summary>Gives a person's photographs with their vectors, the oldest first.</summary>
    public IEnumerable<GalleryVector> VectorsOf(PersonEntry person) => person.Photographs.Select(photograph => new GalleryVector(
        person.Id, person.Name, photograph.Details, photograph.Vector ?? Vectors[photograph.Row!].ToArray()));

    /// <summary>Makes a change that is in the file already.</summary>
    public void Apply(GalleryChange change)
    {
        switch (change)
        {
            case PersonAdded added:
                AddPerson(added.Number, added.Id, added.Name);
                break;
            case PersonRenamed renamed:
                renamed.Person.Name = renamed.Name;
                break;
            case PersonRemoved removed:
                RemovePerson(removed.Person);
                break;
            case PhotographAdded added:
                AddPhotograph(_people[added.PersonId], added.Number, added.Details, added.Vector);
                break;
            case PhotographRemoved removed:
                RemovePhotograph(removed.Photograph);
                break;
        }
    }

    public PersonEntry AddPerson(long number, string id, string name)
    {
        var person = new PersonEntry(number, id, name);
        _people.Add(id, person);
        _peopleInOneForm.TryAdd(UnicodeNames.Compose(id), person);
        return person;
    }

    public void AddPhotograph(PersonEntry person, long number, GalleryPhotograph details, float[] vector)
    {
        var photograph = new PhotographEntry(number, person, details);
        _photographs.Add(details.Id, photograph);
        person.Photographs.Add(photograph);
        if (aggregation == PersonAggregation.BestPhotograph)
        {
            Vectors.Add(photograph.Row = new VectorRow(number, person, photograph), vector);
        }
        else
        {
            photograph.Vector = vector;
            UpdateMean(person);
        }
    }

    private void RemovePhotograph(PhotographEntry photograph)
    {
        _photographs.Remove(photograph.Details.Id);
        photograph.Person.Photographs.Remove(photograph);
        if (photograph.Row is { } row)
        {
            Vectors.Remove(row);
        }
        else
        {
            UpdateMean(photograph.Person);
        }
    }

    /// <summary>Takes out a person with all photographs.</summary>
    private void RemovePerson(PersonEntry person)
    {
        foreach (PhotographEntry photograph in person.Photographs.ToArray())
        {
            RemovePhotograph(photograph);
        }

        _people.Remove(person.Id);
        string form = UnicodeNames.Compose(person.Id);
        if (_peopleInOneForm.GetValueOrDefault(form) == person)
        {
            _peopleInOneForm.Remove(form);
        }
    }

    private void UpdateMean(PersonEntry person)
    {
        float[][] vectors = [.. person.Photographs.Select(photograph => photograph.Vector!)];
        if (vectors.Length == 0)
        {
            Vectors.Remove(person.MeanRow!);
            person.MeanRow = null;
        }
        else if (person.MeanRow is { } row)
        {
            Vectors.Write(row, UnitVectors.Mean(vectors));
        }
        else
        {
            Vectors.Add(person.MeanRow = new VectorRow(person.Number, person, photograph: null), UnitVectors.Mean(vectors));
        }
    }
}
