namespace Microsoft.ML.ArcFace.Gallery;

/// <summary>A person in memory. Changed only by the one writer, while nobody searches.</summary>
/// <param name="number">The row of the file; grows with every person, never comes twice.</param>
/// <param name="id">Who it is.</param>
/// <param name="name">What they are called.</param>
internal sealed class PersonEntry(long number, string id, string name)
{
    public long Number => number;

    public string Id => id;

    public string Name { get; set; } = name;

    public List<PhotographEntry> Photographs { get; } = [];

    /// <summary>The row of the person's mean, where people are searched by it.</summary>
    public VectorRow? MeanRow { get; set; }

    public GalleryPerson ToPerson() => new(Id, Name, [.. Photographs.Select(photograph => photograph.Details)]);
}

/// <summary>A photograph in memory.</summary>
/// <param name="number">The row of the file; grows with every photograph, never comes twice.</param>
/// <param name="person">Whose it is.</param>
/// <param name="details">What is known of it.</param>
internal sealed class PhotographEntry(long number, PersonEntry person, GalleryPhotograph details)
{
    public long Number => number;

    public PersonEntry Person => person;

    public GalleryPhotograph Details => details;

    /// <summary>The row of its vector, where people are searched by their best photograph.</summary>
    public VectorRow? Row { get; set; }

    /// <summary>Its vector, where only the person's mean is searched.</summary>
    public float[]? Vector { get; set; }
}

/// <summary>Whose vector stands in a row of the table that is searched.</summary>
/// <param name="number">Of equal scores the lesser number comes first.</param>
/// <param name="person">Whose vector it is.</param>
/// <param name="photograph">Of which photograph; null: of the mean of all.</param>
internal sealed class VectorRow(long number, PersonEntry person, PhotographEntry? photograph)
{
    public long Number => number;

    public PersonEntry Person => person;

    public PhotographEntry? Photograph => photograph;

    /// <summary>Where the vector stands in the table; changes when others are removed.</summary>
    public int Index { get; set; }
}
