using SkiaSharp;

namespace Microsoft.ML.ArcFace.Samples.Drawing;

/// <summary>Draws eyes and brows.</summary>
internal static class EyePainter
{
    public static void Draw(FaceCanvas face, DrawnPerson person, Shot shot)
    {
        DrawEye(face, person, shot, -1);
        DrawEye(face, person, shot, 1);
        DrawBrow(face, person, shot, -1);
        DrawBrow(face, person, shot, 1);
    }

    private static void DrawEye(FaceCanvas face, DrawnPerson person, Shot shot, int side)
    {
        EyeTraits eye = person.Eyes;
        SKColor skin = person.Skin.Colour;
        float x = side * eye.Spacing / 2;
        float open = Math.Max(0.25f, eye.Openness * shot.EyesOpen * (1 - (0.22f * Math.Max(0, shot.Smile))));
        float inner = x - (side * eye.HalfWidth);
        float outer = x + (side * eye.HalfWidth);
        float cornerY = -eye.Tilt;

        face.Oval(x, -1.5f, eye.HalfWidth + 2.5f, eye.Openness + 3.2f, Colours.Fade(Colours.Scale(skin, 0.62f), 0.42f), 2.2f);
        face.Line(
            [face.On(inner, 4), face.On(x, 6.2f), face.On(outer - (side * 1.5f), 4)],
            Colours.Fade(Colours.Scale(skin, 0.55f), Math.Clamp(eye.Bags, 0.05f, 0.7f)), 1.3f, 0.7f);

        ReadOnlySpan<SKPoint> almond =
        [
            face.On(inner, 0.8f), face.On(x - (side * eye.HalfWidth * 0.45f), -open * 0.9f), face.On(x + (side * eye.HalfWidth * 0.3f), -open * 1.02f + (cornerY * 0.3f)),
            face.On(outer, cornerY), face.On(x + (side * eye.HalfWidth * 0.35f), open * 0.72f), face.On(x - (side * eye.HalfWidth * 0.5f), open * 0.66f),
        ];
        face.Fill(almond, new SKColor(0xEE, 0xEA, 0xE6));
        face.Clip(almond);
        float irisX = x + shot.Gaze.X;
        float irisY = shot.Gaze.Y - 0.4f;
        face.Oval(irisX, irisY, eye.IrisRadius, eye.IrisRadius, Colours.Scale(eye.Iris, 0.55f));
        face.Oval(irisX, irisY + 0.3f, eye.IrisRadius * 0.8f, eye.IrisRadius * 0.8f, Colours.Scale(eye.Iris, 1.15f));
        face.Oval(irisX, irisY, eye.IrisRadius * 0.45f, eye.IrisRadius * 0.45f, new SKColor(0x0C, 0x0A, 0x0A));
        face.Line(almond[..4], new SKColor(0x30, 0x20, 0x20, 0x70), 2.6f, 0.6f);
        face.Unclip();
        face.Oval(irisX + (shot.Light.X * 1.5f), irisY - 1.1f, 0.75f, 0.75f, new SKColor(0xFF, 0xFF, 0xFF, (byte)(open > 1.2f ? 0xE0 : 0)));

        SKColor lash = Colours.Mix(new SKColor(0x20, 0x14, 0x12), skin, 0.3f * (1 - Math.Clamp(eye.Lashes, 0, 1)));
        face.Line(almond[..4], lash, 0.7f + (0.9f * eye.Lashes));
        face.Line([almond[3], almond[4], almond[5], almond[0]], Colours.Fade(Colours.Scale(skin, 0.5f), 0.6f), 0.7f);
        if (eye.Lashes > 0.55f)
        {
            face.Line([almond[3], face.On(outer + (side * 1.8f), cornerY - 1.6f)], lash, 0.9f);
        }

        // The fold over the eye; without one the lid runs smooth to the brow.
        float fold = 1.6f + (1.4f * eye.LidCrease);
        face.Line(
            [face.On(inner + side, -1.6f), face.On(x, -open - fold), face.On(outer - (side * 0.5f), cornerY - fold + 0.3f)],
            Colours.Fade(Colours.Scale(skin, 0.5f), 0.15f + (0.6f * eye.LidCrease)), 0.8f);
    }

    private static void DrawBrow(FaceCanvas face, DrawnPerson person, Shot shot, int side)
    {
        BrowTraits brow = person.Brows;
        float x = side * person.Eyes.Spacing / 2;
        float length = (person.Eyes.HalfWidth + 2.2f) * brow.Length;
        float y = -brow.Height - shot.BrowRaise;
        float inner = x - (side * (length - (2 * (1 - brow.InnerGap))));
        float outer = x + (side * length);
        float innerY = y + (brow.Tilt * 0.5f);
        float outerY = y - (brow.Tilt * 0.5f) + 1;
        float half = brow.Thickness / 2;
        SKColor colour = Colours.Mix(Colours.Scale(person.Hair.Colour, 0.75f), new SKColor(0x28, 0x1E, 0x1A), 0.25f);
        face.Fill(
            [
                face.On(inner, innerY - half), face.On(x + (side * length * 0.25f), y - brow.Arch - half), face.On(outer, outerY),
                face.On(x + (side * length * 0.25f), y - brow.Arch + half), face.On(inner, innerY + half),
            ],
            Colours.Fade(colour, brow.Density), 0.45f);
    }
}
