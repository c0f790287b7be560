namespace Microsoft.ML.ArcFace.Evaluation;

/// <summary>Tells whom a model was trained on.</summary>
internal interface IModelPeople
{
    /// <summary>How many people; 0 where the model does not keep them.</summary>
    int PersonCount { get; }

    /// <summary>Whether the people have names, or only numbers.</summary>
    bool HasNames { get; }

    /// <summary>Finds a person by name.</summary>
    bool TryGetPerson(string name, out int person);

    /// <summary>Copies the class centers of some people in unit length; null where the model was disposed.</summary>
    float[][]? CopyCenters(IReadOnlyList<int> people);
}
