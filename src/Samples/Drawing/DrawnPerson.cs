using SkiaSharp;

namespace Microsoft.ML.ArcFace.Samples.Drawing;

/// <summary>
/// One person of the drawn world: everything that stays the same from picture to picture.
/// People come in families of three: the second resembles the first, the third is a stranger to both.
/// </summary>
internal sealed record DrawnPerson(
    HeadTraits Head, SkinTraits Skin, EyeTraits Eyes, BrowTraits Brows, NoseTraits Nose, MouthTraits Mouth,
    HairTraits Hair, BeardTraits Beard, GlassesTraits Glasses)
{
    private const int GeneCount = 80;
    private const int FamilySize = 3;
    private const float InheritedShare = 0.5f;

    private static readonly SKColor[] SkinTones =
        [new(0xFA, 0xDF, 0xCE), new(0xF0, 0xC8, 0xAC), new(0xE0, 0xAC, 0x85), new(0xC6, 0x8B, 0x62), new(0x9A, 0x64, 0x43), new(0x6B, 0x42, 0x2D)];

    private static readonly SKColor[] HairColours =
        [new(0x1B, 0x17, 0x16), new(0x2E, 0x20, 0x1A), new(0x4E, 0x33, 0x22), new(0x7A, 0x50, 0x2F), new(0xA8, 0x78, 0x42), new(0xD3, 0xAE, 0x6F), new(0x9C, 0x47, 0x22)];

    private static readonly SKColor[] IrisColours =
        [new(0x2F, 0x1D, 0x13), new(0x5A, 0x38, 0x1E), new(0x7C, 0x5F, 0x2C), new(0x5E, 0x78, 0x4A), new(0x4C, 0x78, 0x9C), new(0x77, 0x8A, 0x94)];

    private static readonly SKColor[] FrameColours =
        [new(0x18, 0x18, 0x1A), new(0x5A, 0x33, 0x1C), new(0x8C, 0x8F, 0x94), new(0x9E, 0x22, 0x2C), new(0x1E, 0x3E, 0x78), new(0xB8, 0x95, 0x4C)];

    /// <summary>The person with this number in the world of this seed; the same whenever it is asked for.</summary>
    public static DrawnPerson Create(int seed, int number)
    {
        float[] genes = DrawGenes(seed, number);
        if (number % FamilySize == 1)
        {
            float[] sibling = DrawGenes(seed, number - 1);
            var inheritance = new SeededRandom(seed, number, 2);
            for (int i = 0; i < GeneCount; i++)
            {
                genes[i] = inheritance.Chance(InheritedShare) ? sibling[i] : genes[i];
            }
        }

        return FromGenes(new GeneReader(genes));
    }

    private static float[] DrawGenes(int seed, int number)
    {
        var random = new SeededRandom(seed, number, 1);
        var genes = new float[GeneCount];
        for (int i = 0; i < GeneCount; i++)
        {
            genes[i] = random.Unit();
        }

        return genes;
    }

    private static DrawnPerson FromGenes(GeneReader genes)
    {
        float masculinity = genes.Range(0, 1);
        float age = genes.Range(0, 1);
        age *= age * age;
        SKColor skin = Colours.Along(SkinTones, genes.Range(0, 1));
        skin = Colours.Tint(skin, genes.Range(-7, 7), genes.Range(-4, 4), genes.Range(-9, 9));
        float darkness = 1 - (skin.Green / 255f);

        // Dark skin goes with dark hair and eyes, though not always.
        SKColor hair = Colours.Along(HairColours, genes.Range(0, 1) * (darkness > 0.4f ? 0.35f : 1));
        SKColor grey = new(0xB9, 0xB7, 0xB4);
        hair = Colours.Mix(hair, grey, Math.Clamp((age - 0.45f) * 2 * genes.Range(0.5f, 1.5f), 0, 0.9f));
        SKColor iris = Colours.Along(IrisColours, genes.Range(0, 1) * (darkness > 0.4f ? 0.3f : 1));

        return new DrawnPerson(
            ReadHead(genes, masculinity),
            new SkinTraits(skin, genes.Range(0.04f, 0.2f), genes.Range(0, 0.35f), Rare(genes.Range(0, 1), 0.75f), (int)(genes.Range(0, 1) * 3.2f), age, genes.Seed()),
            new EyeTraits(
                Spacing: genes.Range(31.5f, 39), HalfWidth: genes.Range(6.3f, 8.9f), Openness: genes.Range(2.3f, 4.3f), Tilt: genes.Range(-1.6f, 2.2f),
                LidCrease: genes.Range(0, 1), Lashes: genes.Range(0.2f, 1) * (1.2f - (0.6f * masculinity)), IrisRadius: genes.Range(3.1f, 3.9f), iris,
                Bags: (genes.Range(0, 0.5f) + age) * 0.5f),
            new BrowTraits(
                Height: genes.Range(8.2f, 12.8f), Thickness: genes.Range(1, 2.3f) + (masculinity * 1.3f), Arch: genes.Range(0.2f, 3.4f),
                Tilt: genes.Range(-1.8f, 1.8f), Length: genes.Range(0.9f, 1.25f), InnerGap: genes.Range(0.4f, 1), Density: genes.Range(0.55f, 1)),
            new NoseTraits(
                TipY: genes.Range(16.5f, 23), HalfWidth: genes.Range(5, 9), BridgeWidth: genes.Range(2.2f, 4.4f), Protrusion: genes.Range(7, 13),
                TipRadius: genes.Range(3, 5.4f), NostrilSize: genes.Range(0.8f, 1.7f)),
            new MouthTraits(
                Y: genes.Range(36.5f, 42.5f), HalfWidth: genes.Range(10.5f, 16), UpperLip: genes.Range(1.3f, 3.6f), LowerLip: genes.Range(2, 5),
                Bow: genes.Range(0, 1.6f), RestingCurve: genes.Range(-1.2f, 1.4f),
                Lips: Colours.Mix(Colours.Scale(skin, 0.82f), new SKColor(0xB0, 0x38, 0x40), genes.Range(0.15f, 0.35f) + (0.25f * (1 - masculinity)))),
            ReadHair(genes, hair, masculinity, age),
            ReadBeard(genes, hair, masculinity),
            new GlassesTraits(
                WearingRate: genes.Range(0, 1) < 0.3f ? genes.Range(0.6f, 0.95f) : 0.03f, LensWidth: genes.Range(9.5f, 13.5f), LensHeight: genes.Range(6.5f, 10.5f),
                Roundness: genes.Range(2, 5), FrameWidth: genes.Range(0.7f, 2.2f), FrameColours[(int)(genes.Range(0, 1) * FrameColours.Length)]));
    }

    private static HeadTraits ReadHead(GeneReader genes, float masculinity)
    {
        float width = genes.Range(34, 41);
        float jaw = width * (genes.Range(0.72f, 0.9f) + (0.05f * masculinity));
        return new HeadTraits(
            ForeheadWidth: width * genes.Range(0.84f, 1.0f), CheekWidth: width, JawWidth: jaw, ChinWidth: jaw * genes.Range(0.38f, 0.62f),
            ChinY: genes.Range(57, 68), CheekBones: genes.Range(0, 1), EarSize: genes.Range(8, 13), EarProtrusion: genes.Range(1, 5.5f));
    }

    private static HairTraits ReadHair(GeneReader genes, SKColor colour, float masculinity, float age)
    {
        ReadOnlySpan<HairStyle> styles = masculinity > 0.5f
            ? [HairStyle.Bald, HairStyle.Cropped, HairStyle.Cropped, HairStyle.SidePart, HairStyle.Quiff, HairStyle.Fringe, HairStyle.Curly, HairStyle.LongStraight]
            : [HairStyle.Fringe, HairStyle.Curly, HairStyle.Bob, HairStyle.Bob, HairStyle.LongStraight, HairStyle.LongWavy, HairStyle.TiedBack, HairStyle.SidePart];
        return new HairTraits(
            styles[(int)(genes.Range(0, 1) * styles.Length)], colour, HairlineY: genes.Range(-38, -26) - (6 * age * masculinity),
            Recession: genes.Range(0, 1) * (0.4f + (0.6f * masculinity)), Parting: genes.Range(-1, 1), Volume: genes.Range(0, 1), genes.Seed());
    }

    private static BeardTraits ReadBeard(GeneReader genes, SKColor hair, float masculinity)
    {
        float draw = genes.Range(0, 1);
        float density = genes.Range(0.5f, 1);
        BeardStyle style = masculinity < 0.5f ? BeardStyle.None : draw switch
        {
            < 0.35f => BeardStyle.None,
            < 0.6f => BeardStyle.Stubble,
            < 0.7f => BeardStyle.Moustache,
            < 0.82f => BeardStyle.Goatee,
            _ => BeardStyle.Full,
        };
        return new BeardTraits(style, Colours.Scale(hair, 0.85f), density);
    }

    /// <summary>0 for most, up to 1 for those above the threshold.</summary>
    private static float Rare(float draw, float threshold) => Math.Max(0, (draw - threshold) / (1 - threshold));

    /// <summary>Hands out the genes one after another, each as a trait.</summary>
    private sealed class GeneReader(float[] genes)
    {
        private int _next;

        public float Range(float low, float high) => low + ((high - low) * genes[_next++]);

        public int Seed() => (int)(genes[_next++] * (1 << 24));
    }
}
